import { connect, type Socket } from 'node:net'
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'

export interface Answer {
  status: number
  body: string
}

interface Waiting {
  onAnswer: (answer: Answer) => void
  onError: (error: Error) => void
}

/** The bytes of a request, ready to be sent any number of times. */
export function requestBytes (url: string, method: 'GET' | 'POST', path: string, body: string): Buffer {
  const content = method === 'POST' ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []
  return Buffer.from([`${method} ${path} HTTP/1.1`, `host: ${new URL(url).host}`, ...content, '', method === 'POST' ? body : ''].join('\r\n'))
}

/**
 * One keep-alive connection, one request at a time: a socket and autocannon's parser. undici and Node's own client cost
 * more than twice the CPU time a request, on the cores that they share with what is measured.
 */
export class Connection {
  readonly #socket: Socket
  readonly #parser = new HTTPParser(HTTPParser.RESPONSE) as HTTPParserJS
  #waiting: Waiting | undefined
  #keepAlive = true

  constructor (url: string) {
    const { hostname, port } = new URL(url)
    this.#socket = connect({ host: hostname, port: Number(port || 80), noDelay: true })
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
      waiting?.onAnswer({ status, body: Buffer.concat(chunks).toString() })
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
