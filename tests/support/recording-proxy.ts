import { once } from 'node:events'
import { createServer, request as send, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** An HTTP proxy that records what it forwards. */
export class RecordingProxy {
  /** Request lines: `GET http://…` or `CONNECT host:port`. */
  readonly requests: string[] = []
  /** Proxy-Authorization headers, decoded. */
  readonly credentials: string[] = []
  readonly #server: Server

  private constructor () {
    this.#server = createServer((request, response) => {
      this.#record(`${request.method} ${request.url}`, request.headers['proxy-authorization'])
      const upstream = send(request.url ?? '', { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      upstream.on('error', () => response.destroy())
      request.pipe(upstream)
    })
    this.#server.on('connect', (request, socket) => {
      this.#record(`CONNECT ${request.url}`, request.headers['proxy-authorization'])
      const { hostname, port } = new URL(`http://${request.url}`)
      const upstream = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(upstream).pipe(socket)
      })
      upstream.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
      socket.on('error', () => upstream.destroy())
    })
  }

  static async start (): Promise<RecordingProxy> {
    const proxy = new RecordingProxy()
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Host and port. */
  get address (): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => { this.#server.close(resolve) })
  }

  #record (line: string, authorization: string | undefined): void {
    this.requests.push(line)
    if (authorization !== undefined) this.credentials.push(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString())
  }
}
