import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'
import { buildAuthHeaders } from './api-key.ts'

/** Receives the outcome of one request. Exactly one of `answered` and `failed` is called. */
export interface RequestHandler {
  /** Whether to collect the body; most responses are only counted. */
  readonly readsBody: boolean
  /** `body` is empty unless `readsBody`. */
  answered: (status: number, body: string) => void
  failed: () => void
}

/** Shared by all connections: received bytes are parsed before the next read. */
const RECEIVED = Buffer.allocUnsafe(64 * 1024)

/** The bytes of a request for `url`, which can be sent any number of times. */
export function buildRequestBytes (url: string, method: 'GET' | 'POST', body: string): Buffer {
  const { host, pathname, search } = new URL(url)
  const content = method === 'POST' ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []
  const auth = Object.entries(buildAuthHeaders()).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from([`${method} ${pathname}${search} HTTP/1.1`, `host: ${host}`, ...auth, ...content, '', method === 'POST' ? body : ''].join('\r\n'))
}

/**
 * One keep-alive connection with one request at a time: a socket and autocannon's parser. undici takes 1.7 times the CPU time and
 * Node's own client even more, on cores that the generator shares with the system under test.
 */
export class Connection {
  readonly #socket: Socket
  readonly #parser = new HTTPParser(HTTPParser.RESPONSE) as HTTPParserJS
  #handler: RequestHandler | undefined
  #status = 0
  #chunks: Buffer[] = []
  #keepAlive = true

  constructor (url: string) {
    this.#socket = openSocket(new URL(url), (received) => this.#parse(received))
    this.#parser[HTTPParser.kOnHeadersComplete] = (info) => {
      this.#status = info.statusCode
      this.#keepAlive = info.shouldKeepAlive
    }
    this.#parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
      if (this.#handler?.readsBody === true) this.#chunks.push(Buffer.from(chunk.subarray(offset, offset + length)))
    }
    this.#parser[HTTPParser.kOnMessageComplete] = () => {
      const body = this.#chunks.length === 0 ? '' : Buffer.concat(this.#chunks.splice(0)).toString()
      this.#detachHandler()?.answered(this.#status, body)
    }
    const fail = (): void => this.#detachHandler()?.failed()
    this.#socket.on('error', fail)
    this.#socket.on('close', fail)
  }

  /** False once the connection accepts no further request. */
  get usable (): boolean {
    return this.#keepAlive && this.#socket.writable
  }

  /** Sends one request. The previous one must have completed. */
  send (request: Buffer, handler: RequestHandler): void {
    this.#handler = handler
    this.#socket.write(request)
  }

  close (): void {
    this.#socket.destroy()
  }

  #parse (received: Buffer): void {
    const error = this.#parser.execute(received)
    if (error instanceof Error) this.#socket.destroy(error)
  }

  #detachHandler (): RequestHandler | undefined {
    const handler = this.#handler
    this.#handler = undefined
    return handler
  }
}

function openSocket ({ protocol, hostname, port }: URL, onReceived: (bytes: Buffer) => void): Socket {
  // An IPv6 address is enclosed in brackets.
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
