import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'

/** Who waits for an answer. Exactly one of `answered` and `failed` is called. */
export interface Asker {
  /** Whether the body is read: most of a load's are never looked at. */
  readonly readsBody: boolean
  /** `body` is empty where it is not read. */
  answered: (status: number, body: string) => void
  failed: () => void
}

/** What arrives is parsed before the next read, on whatever connection that is. */
const RECEIVED = Buffer.allocUnsafe(64 * 1024)

/** The bytes of a request for `url`, ready to be sent any number of times. */
export function requestBytes (url: string, method: 'GET' | 'POST', body: string): Buffer {
  const { host, pathname, search } = new URL(url)
  const content = method === 'POST' ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []
  return Buffer.from([`${method} ${pathname}${search} HTTP/1.1`, `host: ${host}`, ...content, '', method === 'POST' ? body : ''].join('\r\n'))
}

/**
 * One keep-alive connection, one request at a time: a socket and autocannon's parser. undici takes 1.7 times the CPU time,
 * Node's own client more than that, on the cores that they share with what is measured.
 */
export class Connection {
  readonly #socket: Socket
  readonly #parser = new HTTPParser(HTTPParser.RESPONSE) as HTTPParserJS
  #asker: Asker | undefined
  #status = 0
  #chunks: Buffer[] = []
  #keepAlive = true

  constructor (url: string) {
    this.#socket = socketTo(new URL(url), (received) => this.#parse(received))
    this.#parser[HTTPParser.kOnHeadersComplete] = (info) => {
      this.#status = info.statusCode
      this.#keepAlive = info.shouldKeepAlive
    }
    this.#parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
      if (this.#asker?.readsBody === true) this.#chunks.push(Buffer.from(chunk.subarray(offset, offset + length)))
    }
    this.#parser[HTTPParser.kOnMessageComplete] = () => {
      const body = this.#chunks.length === 0 ? '' : Buffer.concat(this.#chunks.splice(0)).toString()
      this.#take()?.answered(this.#status, body)
    }
    const fail = (): void => this.#take()?.failed()
    this.#socket.on('error', fail)
    this.#socket.on('close', fail)
  }

  /** False once it takes no further request. */
  get usable (): boolean {
    return this.#keepAlive && this.#socket.writable
  }

  /** Sends one request. The connection must have answered the last one. */
  send (request: Buffer, asker: Asker): void {
    this.#asker = asker
    this.#socket.write(request)
  }

  close (): void {
    this.#socket.destroy()
  }

  #parse (received: Buffer): void {
    const error = this.#parser.execute(received)
    if (error instanceof Error) this.#socket.destroy(error)
  }

  #take (): Asker | undefined {
    const asker = this.#asker
    this.#asker = undefined
    return asker
  }
}

function socketTo ({ protocol, hostname, port }: URL, onReceived: (bytes: Buffer) => void): Socket {
  // IPv6 addresses stand in brackets.
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'https:') {
    return connectSecurely({ host, port: Number(port || 443), servername: host }).setNoDelay(true).on('data', onReceived)
  }
  const callback = (count: number): true => {
    onReceived(RECEIVED.subarray(0, count))
    return true
  }
  return connect({ host, port: Number(port || 80), noDelay: true, onread: { buffer: RECEIVED, callback } })
}
