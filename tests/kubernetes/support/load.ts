// Runs in the client pod (Node 24 strips the types): load.ts OPTIONS. Prints `answered` when every client has its first answer.
// A number on standard input ends it as soon as that many requests are done; then it prints a LoadReport.
import { lookup } from 'node:dns/promises'
import { Agent, request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface LoadOptions {
  /** Clients that open a connection for each request, and clients that keep theirs. */
  close: number
  keep: number
  /** Milliseconds between two requests of one client. */
  everyMs: number
  /** Texts per request: 0 sends one known text, which is cached. */
  texts: number
  host?: string
}

export interface Failure {
  reason: string
  sentAt: number
  failedAt: number
  /** When the connection was opened; undefined if it never was. */
  connectedAt?: number
}

export interface LoadReport {
  sent: number
  failures: Failure[]
  /** Number of refused connections, whose requests were retried because they had not been sent. */
  refused: number
  maxMs: number
}

const options = JSON.parse(process.argv.at(-1) as string) as LoadOptions
const { address } = await lookup(options.host ?? 'sentiment')
const connectedAt = new WeakMap<Socket, number>()
const report: LoadReport = { sent: 0, failures: [], refused: 0, maxMs: 0 }
let remaining = Infinity
let serial = 0

function body (client: number): string {
  if (options.texts === 0) return JSON.stringify({ text: 'a text that is cached' })
  return JSON.stringify({ texts: Array.from({ length: options.texts }, () => `client ${client} text ${serial++} ${process.pid} is really nice`) })
}

function post (agent: Agent, content: string): Promise<void> {
  const sentAt = Date.now()
  let used: Socket | undefined
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      const opened = used && connectedAt.get(used)
      reject(Object.assign(new Error(reason), { failure: { reason, sentAt, failedAt: Date.now(), ...(opened && { connectedAt: opened }) } }))
    }
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }
    const call = request({ host: address, path: '/predict', method: 'POST', agent, headers, timeout: 120_000 }, (response: IncomingMessage) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => { text += chunk }).on('error', (error: NodeJS.ErrnoException) => { fail(`in the answer: ${error.code}`) })
      response.on('end', () => {
        report.maxMs = Math.max(report.maxMs, Date.now() - sentAt)
        if (response.statusCode === 200) resolve()
        else fail(`${response.statusCode} ${text.slice(0, 200)}`)
      })
    })
    call.on('socket', (socket) => {
      used = socket
      if (!connectedAt.has(socket)) socket.once('connect', () => { connectedAt.set(socket, Date.now()) })
    })
    call.on('timeout', () => { call.destroy(new Error('no answer in 120 s')) })
    call.on('error', (error: NodeJS.ErrnoException) => { fail(error.code ?? error.message) })
    call.end(content)
  })
}

async function runClient (client: number, keepAlive: boolean, onAnswer: () => void): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  while (report.sent < remaining) {
    const began = Date.now()
    const content = body(client)
    for (let again = true; again;) {
      again = false
      try {
        await post(agent, content)
      } catch (error) {
        const { failure } = error as { failure: Failure }
        again = failure.reason === 'ECONNREFUSED'
        if (again) report.refused++
        else report.failures.push(failure)
        await delay(50)
      }
    }
    report.sent++
    onAnswer()
    await delay(Math.max(0, began + options.everyMs - Date.now()))
  }
  agent.destroy()
}

createInterface({ input: process.stdin }).once('line', (line) => { remaining = Number(line) })
const clients = options.close + options.keep
const answered = new Set<number>()
await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client, client >= options.close, () => {
  if (answered.size < clients && answered.add(client).size === clients) process.stdout.write('answered\n')
})))
process.stdout.write(`${JSON.stringify(report)}\n`, () => { process.exit(0) })
