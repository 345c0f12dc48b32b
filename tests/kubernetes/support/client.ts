import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { kubectl, NAMESPACE } from './kubectl.ts'
import type { LoadOptions, LoadReport } from './load.ts'

const LOAD = readFileSync(new URL('load.ts', import.meta.url), 'utf8')
const inClient = (...args: string[]): string[] => ['--namespace', NAMESPACE, 'exec', '--stdin', 'client', '--', 'node', ...args]

/** Runs an async function's body in the client pod; returns its result. */
export async function inPod<T> (body: string): Promise<T> {
  const script = `(async () => {${body}})().then((value) => console.log(JSON.stringify(value ?? null)))`
  return JSON.parse(await kubectl(inClient('--eval', script))) as T
}

/** An answer of the service at `host` (a Service or a pod's address), seen from the client pod. */
export async function request<T> (host: string, path: string, body?: object): Promise<{ status: number, body: T }> {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return await inPod(`const r = await fetch(${JSON.stringify(`http://${host}${path}`)}, ${JSON.stringify(init)});
    return { status: r.status, body: await r.json() }`)
}

/** Requests from the client pod until it is stopped. */
export class Load {
  readonly #child: ChildProcessWithoutNullStreams
  #output = ''
  #errors = ''

  private constructor (options: LoadOptions) {
    this.#child = spawn('kubectl', inClient('--input-type=module-typescript', '--eval', LOAD, JSON.stringify(options)))
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => { this.#output += chunk })
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => { this.#errors += chunk })
  }

  /** Resolves when the first requests are answered. */
  static async start (options: LoadOptions): Promise<Load> {
    const load = new Load(options)
    while (!load.#output.includes('answered\n')) {
      await Promise.race([once(load.#child.stdout, 'data'), once(load.#child, 'close').then(() => { throw new Error(`the load ended: ${load.#errors}`) })])
    }
    return load
  }

  /** Stops after at least `atLeast` requests, and reports on all of them. */
  async stop (atLeast = 0): Promise<LoadReport> {
    this.#child.stdin.end(`${atLeast}\n`)
    await once(this.#child, 'close')
    const line = this.#output.split('\n').find((text) => text.startsWith('{'))
    if (line === undefined) throw new Error(`the load reported nothing: ${this.#errors}`)
    return JSON.parse(line) as LoadReport
  }
}
