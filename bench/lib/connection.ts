import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'

export interface Answer {
  status: number
  /** Reads the body: most of a load's are never looked at. */
  body: () => string
}

interface Waiting {
  onAnswer: (answer: Answer) => void
  onError: (error: Error) => void
}

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
  #waiting: Waiting | undefined
  #keepAlive = true

  constructor (url: string) {
    this.#socket = socketTo(new URL(url))
    let status = 0
    let chunks: Buffer[] = []
    this.#parser[HTTPParser.kOnHeadersComplete] = (info) => {
      status = info.statusCode
      this.#keepAlive = info.shouldKeepAlive
      chunks = []
    }
    this.#parser[HTTPParser.kOnBody] = (chunk, offset, length) => { chunks.push(chunk.subarray(offset, offset + length)) }
    this.#parser[HTTPParser.kOnMessageComplete] = () => {
      const waiting = this.#take()
      const parts = chunks
      waiting?.onAnswer({ status, body: () => Buffer.concat(parts).toString() })
    }
    this.#socket.on('data', (chunk) => {
      const error = this.#parser.execute(chunk)
      if (error instanceof Error) this.#socket.destroy(error)
    })
    this.#socket.on('error', (error) => this.#take()?.onError(error))
    this.#socket.on('close', () => this.#take()?.onError(new Error('The connection was closed before its answer')))
  }

  /** False once it takes no further request. */
  get usable (): boolean {
    return this.#keepAlive && this.#socket.writable
  }

  /** Sends one request. The connection must have answered the last one. Exactly one of the callbacks is called. */
  send (request: Buffer, onAnswer: (answer: Answer) => void, onError: (error: Error) => void): void {
    this.#waiting = { onAnswer, onError }
    this.#socket.write(request)
  }

  close (): void {
    this.#socket.destroy()
  }

  #take (): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }
}

function socketTo ({ protocol, hostname, port }: URL): Socket {
  // IPv6 addresses stand in brackets.
  const host = hostname.replace(/^\[|\]$/g, '')
  return protocol === 'https:'
    ? connectSecurely({ host, port: Number(port || 443), servername: host }).setNoDelay(true)
    : connect({ host, port: Number(port || 80), noDelay: true })
}
