import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { parseSeries } from './scrape.ts'

const MIB = 1 << 20

/** The API keys of the services under attack. */
export const KEYS = { attacker: 'key-of-the-hostile-caller', other: 'key-of-some-other-caller' }
export const API_KEYS = `attacker:${KEYS.attacker},other:${KEYS.other}`

/** Resident memory that an attack may add to that of the idle service, in MiB. */
export const MAX_GROWTH_MIB = 150

/** A service on this machine, and the API key of the attacker. */
export interface Target {
  port: number
  key: string
}

const head = ({ key }: Target, type: string, length: string): string =>
  `POST /predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`

/** Connects, and ignores that the service closes the connection. */
export function open (target: Target): Socket {
  const socket = connect(target.port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => { socket.destroy() })
  return socket
}

/** Writes at the speed at which the service reads, until it closes the connection. */
async function write (socket: Socket, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return
    if (!socket.write(piece)) await new Promise<void>((resolve) => { socket.once('drain', resolve).once('close', () => resolve()) })
  }
}

/** What a hostile client with a valid key does, by its description. */
const ATTACKS: Record<string, (target: Target) => Promise<unknown>> = {
  'ten connections that pipeline 1,500 large files each and read nothing': async (target) => {
    for (let count = 0; count < 10; count++) {
      const socket = open(target).pause()
      socket.write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1500))
    }
  },
  '1,000 connections that request a large file each and read nothing': async (target) => {
    for (let count = 0; count < 1000; count++) open(target).pause().write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n')
  },
  '400 connections that pipeline 2,500 small requests each': async (target) => {
    for (let count = 0; count < 400; count++) open(target).resume().write('GET /x HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2500))
  },
  'bodies of 300,000 one-byte chunks': (target) => Promise.all([['application/json', '{"text":"'], ['application/x-ndjson', '"']].map(async ([type, start]) => {
    const socket = open(target).resume()
    const piece = chunk('a').repeat(10_000)
    await write(socket, [head(target, type as string, 'transfer-encoding: chunked'), chunk(start as string), ...Array<string>(30).fill(piece)])
  })),
  '1,000 clients with a body of 1 MiB each': async (target) => {
    const body = JSON.stringify({ texts: Array.from({ length: 128 }, (_, index) => `${index} ${'x'.repeat(8000)}`) })
    expect(body.length).toBeLessThan(MIB)
    for (let count = 0; count < 1000; count++) {
      const socket = open(target).resume()
      socket.write(head(target, 'application/json', `content-length: ${body.length}`))
      socket.write(body)
    }
  },
  '90 streams of new texts of one key': async (target) => {
    for (let count = 0; count < 90; count++) {
      const socket = open(target).resume()
      const lines = Array.from({ length: 100 }, (_, index) => `"line ${index} of stream ${count}"\n`)
      void write(socket, [head(target, 'application/x-ndjson', 'transfer-encoding: chunked'), ...lines.map(chunk)])
    }
  },
  '600 streams of cached lines that are never read': async (target) => {
    const lines = chunk('"a cached line"\n'.repeat(3000))
    for (let count = 0; count < 600; count++) {
      const socket = open(target).pause()
      void write(socket, [head(target, 'application/x-ndjson', 'transfer-encoding: chunked'), lines, lines])
    }
  }
}

export const ATTACK_NAMES = Object.keys(ATTACKS)

async function residentMib (port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${KEYS.other}` } })
  return (parseSeries(await response.text()).get('process_resident_memory_bytes') ?? NaN) / MIB
}

async function predict (port: number, text: string): Promise<number> {
  const { status } = await fetch(`http://127.0.0.1:${port}/predict`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.other}` }, body: JSON.stringify({ text })
  })
  return status
}

/** Waits until the workers have loaded: the second load of the first worker alone adds 70 MiB. Returns the resident memory in MiB. */
export async function settle (port: number): Promise<number> {
  expect(await predict(port, 'before the attacks')).toBe(200)
  let [resident, stable] = [await residentMib(port), 0]
  while (stable < 10) {
    await delay(300)
    const now = await residentMib(port)
    stable = Math.abs(now - resident) < 1 ? stable + 1 : 0
    resident = now
  }
  return resident
}

export interface Observation {
  /** Milliseconds of the slowest /health/live. */
  slowest: number
  /** Peak of the resident memory, in MiB. */
  peak: number
}

/** Attacks the service on `port`; meanwhile, /health/live and every request of another caller must be answered with 200. */
export async function attack (name: string, port: number): Promise<Observation> {
  const attacking = ATTACKS[name]?.({ port, key: KEYS.attacker })
  const statuses = new Set<number>()
  let [peak, slowest] = [0, 0]
  for (let probe = 0; probe < 50; probe++) {
    const start = performance.now()
    statuses.add((await fetch(`http://127.0.0.1:${port}/health/live`)).status)
    slowest = Math.max(slowest, performance.now() - start)
    statuses.add(await predict(port, `text ${probe} during ${name}`))
    peak = Math.max(peak, await residentMib(port))
    await delay(100)
  }
  await attacking
  expect([...statuses]).toEqual([200])
  return { slowest, peak }
}
