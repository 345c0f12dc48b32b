import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Service } from '../support/service.ts'

const MIB = 1 << 20
/** Resident memory that an attack may add, in MiB: unbounded, each of these takes gigabytes. */
const MAX_GROWTH_MIB = 150
/** The memory limit of deploy/kubernetes and docker-compose.yml, in MiB. */
const CONTAINER_MIB = 1024
/** Milliseconds for /health/live: 1 s on an idle machine, with a margin for a busy one. */
const MAX_HEALTH_MS = 10_000
const KEYS = { attacker: 'key-of-the-hostile-caller', other: 'key-of-some-other-caller' }
const ENV = { MODEL_NAME: 'compact', API_KEYS: `attacker:${KEYS.attacker},other:${KEYS.other}` }

const head = (type: string, length: string): string =>
  `POST /predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEYS.attacker}\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`

function residentMib (service: Service): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

/** Waits until the workers have loaded: the second load of the first worker alone adds 70 MiB. Returns the resident memory. */
async function settle (service: Service): Promise<number> {
  let [resident, stable] = [residentMib(service), 0]
  while (stable < 10) {
    await new Promise((resolve) => { setTimeout(resolve, 300) })
    const now = residentMib(service)
    stable = Math.abs(now - resident) < 1 ? stable + 1 : 0
    resident = now
  }
  return resident
}

function open (service: Service): Socket {
  const socket = connect(service.port, '127.0.0.1')
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

const ATTACKS: Record<string, (service: Service) => Promise<unknown>> = {
  'ten connections that pipeline 1,500 large files each and read nothing': async (service) => {
    for (let count = 0; count < 10; count++) {
      const socket = open(service).pause()
      socket.write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1500))
    }
  },
  'bodies of 300,000 one-byte chunks': (service) => Promise.all([['application/json', '{"text":"'], ['application/x-ndjson', '"']].map(async ([type, start]) => {
    const socket = open(service).resume()
    const piece = chunk('a').repeat(10_000)
    await write(socket, [head(type as string, 'transfer-encoding: chunked'), chunk(start as string), ...Array<string>(30).fill(piece)])
  })),
  '1,000 clients with a body of 1 MiB each': async (service) => {
    const body = JSON.stringify({ texts: Array.from({ length: 128 }, (_, index) => `${index} ${'x'.repeat(8000)}`) })
    expect(body.length).toBeLessThan(MIB)
    for (let count = 0; count < 1000; count++) {
      const socket = open(service).resume()
      socket.write(head('application/json', `content-length: ${body.length}`))
      socket.write(body)
    }
  },
  '90 streams of new texts of one key': async (service) => {
    for (let count = 0; count < 90; count++) {
      const socket = open(service).resume()
      const lines = Array.from({ length: 100 }, (_, index) => `"line ${index} of stream ${count}"\n`)
      void write(socket, [head('application/x-ndjson', 'transfer-encoding: chunked'), ...lines.map(chunk)])
    }
  },
  '600 streams of cached lines that are never read': async (service) => {
    const lines = chunk('"a cached line"\n'.repeat(3000))
    for (let count = 0; count < 600; count++) {
      const socket = open(service).pause()
      void write(socket, [head('application/x-ndjson', 'transfer-encoding: chunked'), lines, lines])
    }
  }
}

it.runIf(process.platform === 'linux').each(Object.keys(ATTACKS))('bounds its memory and answers other clients under attack by %s', async (name) => {
  const service = await Service.start(ENV)
  await service.until('ok')
  let texts = 0
  const predict = async (): Promise<number> => (await fetch(`http://127.0.0.1:${service.port}/predict`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.other}` }, body: JSON.stringify({ text: `somebody else's text ${++texts}` })
  })).status
  expect(await predict()).toBe(200)
  const idle = await settle(service)
  const attack = ATTACKS[name]?.(service)
  const statuses = new Set<number>()
  let [peak, slowest] = [idle, 0]
  for (let count = 0; count < 50; count++) {
    const start = performance.now()
    expect((await service.get('/health/live')).status).toBe(200)
    slowest = Math.max(slowest, performance.now() - start)
    statuses.add(await predict())
    peak = Math.max(peak, residentMib(service))
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  await attack
  expect(peak - idle).toBeLessThan(MAX_GROWTH_MIB)
  expect(peak).toBeLessThan(CONTAINER_MIB)
  expect([...statuses]).toEqual([200])
  expect(slowest).toBeLessThan(MAX_HEALTH_MS)
})

it.each([
  ['401', 'POST /predict HTTP/1.1\r\nhost: x'],
  ['404', 'POST /nothing HTTP/1.1\r\nhost: x'],
  ['405', 'DELETE /predict HTTP/1.1\r\nhost: x'],
  ['415', `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: text/x\r\nauthorization: Bearer ${KEYS.attacker}`],
  ['200', 'GET /health/live HTTP/1.1\r\nhost: x']
])('closes the connection after a %s that was sent before the body, even if the body keeps trickling in', async (status, start) => {
  const service = await Service.start({ ...ENV, LOG_LEVEL: 'warn' })
  await service.until('ok')
  const socket = open(service)
  let answer = ''
  socket.on('data', (data) => { answer += String(data) })
  socket.write(`${start}\r\ncontent-length: 10000\r\n\r\n{`)
  const trickle = setInterval(() => { socket.write(' ') }, 500)
  onTestFinished(() => { clearInterval(trickle) })
  await new Promise<void>((resolve) => { socket.once('close', () => resolve()) })
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})
