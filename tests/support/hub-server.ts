import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A fault of a file: it affects `times` requests, and then the file is served correctly. */
export interface Fault {
  kind: 'status' | 'cut' | 'stall' | 'damage' | 'slow' | 'oversize' | 'redirect'
  /** Status to answer with, and its Retry-After header. */
  status?: number
  retryAfter?: string
  /** Target of a redirect. */
  location?: string
  /** Bytes sent before the connection is cut or stalls. */
  bytes?: number
  times?: number
}

export interface HubRequest {
  method: string
  path: string
  range: string | undefined
  authorization: string | undefined
}

/** Large files are redirected to a storage path, as the real hub does it. */
const LARGE_BYTES = 20_000

/** A model hub on a port of this machine: serves one folder as the repository `repo`. */
export class HubServer {
  readonly requests: HubRequest[] = []
  url = ''
  /** Bytes of bodies that were sent, all files together. */
  bytesSent = 0
  /** Whether responses identify their content. */
  etags = true
  /** The token that requests must carry, if any. */
  token: string | undefined
  readonly #faults = new Map<string, Fault>()
  readonly #directory: string
  readonly #repo: string
  readonly #server: Server

  private constructor (directory: string, repo: string) {
    this.#directory = directory
    this.#repo = repo
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  static async start (directory: string, repo: string): Promise<HubServer> {
    const hub = new HubServer(directory, repo)
    hub.#server.listen(0, '127.0.0.1')
    await once(hub.#server, 'listening')
    hub.url = `http://127.0.0.1:${(hub.#server.address() as AddressInfo).port}`
    return hub
  }

  /** Adds a fault to `file`. */
  fail (file: string, fault: Fault): void {
    this.#faults.set(file, { times: Infinity, ...fault })
  }

  /** Requests for a file, redirected ones once. */
  requestsFor (file: string): HubRequest[] {
    return this.requests.filter(({ path }) => path.startsWith(`/${this.#repo}/`) && path.endsWith(`/${file}`))
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => { this.#server.close(resolve) })
  }

  async #answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? '/')
    const { range, authorization } = request.headers
    this.requests.push({ method: request.method ?? '', path, range, authorization })
    const resolved = new RegExp(`^/${this.#repo}/resolve/[^/]+/(.+)$`).exec(path)
    const stored = /^\/storage\/(.+)$/.exec(path)
    const file = (resolved ?? stored)?.[1]
    const content = file === undefined ? undefined : await readFile(join(this.#directory, file)).catch(() => undefined)
    if (file === undefined || content === undefined) return end(response, 404)
    if (resolved !== null && this.token !== undefined && authorization !== `Bearer ${this.token}`) return end(response, 401)
    const redirected = resolved !== null && content.length > LARGE_BYTES
    const fault = redirected ? undefined : this.#take(file)
    if (fault?.kind === 'status') return end(response, fault.status ?? 500, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter })
    if (fault?.kind === 'redirect') return end(response, 302, { location: fault.location ?? '' })
    const hash = createHash('sha256').update(content).digest('hex')
    if (redirected) {
      response.writeHead(302, { location: `/storage/${file}`, 'x-linked-size': content.length, ...(this.etags && { 'x-linked-etag': `"${hash}"` }), 'x-repo-commit': 'c0ffee' })
      response.end()
      return
    }
    await this.#send(response, content, hash, range, fault)
  }

  async #send (response: ServerResponse, content: Buffer, hash: string, range: string | undefined, fault: Fault | undefined): Promise<void> {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const body = Buffer.from(content.subarray(from))
    if (fault?.kind === 'damage') body[body.length >> 1] = (body[body.length >> 1] as number) ^ 1
    response.writeHead(from > 0 ? 206 : 200, {
      ...(fault?.kind !== 'oversize' && { 'content-length': body.length }),
      ...(this.etags && { etag: `"${hash}"` }),
      ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` })
    })
    const until = fault?.kind === 'cut' || fault?.kind === 'stall' ? fault.bytes ?? body.length >> 1 : body.length
    // In steps with a pause: a client reads what was sent before the connection breaks.
    const step = fault === undefined || fault.kind === 'damage' ? until : Math.ceil(until / 10)
    for (let sent = 0; sent < until; sent += step) {
      const chunk = body.subarray(sent, Math.min(sent + step, until))
      this.bytesSent += chunk.length
      await new Promise((resolve) => { response.write(chunk, resolve) })
      if (step < until) await delay(10)
    }
    // The size was announced with the redirect.
    while (fault?.kind === 'oversize' && !response.destroyed) await new Promise((resolve) => { response.write(body, resolve) })
    if (fault?.kind === 'cut') response.destroy()
    else if (fault?.kind !== 'stall') response.end()
  }

  #take (file: string): Fault | undefined {
    const fault = this.#faults.get(file)
    if (fault === undefined || (fault.times ?? 0) <= 0) return undefined
    fault.times = (fault.times ?? 0) - 1
    return fault
  }
}

function end (response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers)
  response.end()
}
