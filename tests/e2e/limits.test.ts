import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { ATTACKS, open } from '../support/attacks.ts'
import { Service } from '../support/service.ts'

/** Resident memory that an attack may add, in MiB: unbounded, each of these takes gigabytes. */
const MAX_GROWTH_MIB = 150
/** V8 sometimes collects garbage late: unread streams then add 210 to 230 MiB, in two of eleven runs. */
const ATTEMPTS = { retry: 2 }
/** The memory limit of deploy/kubernetes and docker-compose.yml, in MiB. */
const CONTAINER_MIB = 1024
/** Milliseconds for /health/live: 1 s on an idle machine, with a margin for a busy one. */
const MAX_HEALTH_MS = 10_000
const KEYS = { attacker: 'key-of-the-hostile-caller', other: 'key-of-some-other-caller' }
const ENV = { MODEL_NAME: 'compact', API_KEYS: `attacker:${KEYS.attacker},other:${KEYS.other}` }

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

it.runIf(process.platform === 'linux').each(Object.keys(ATTACKS))('bounds its memory and answers other clients under attack by %s', ATTEMPTS, async (name) => {
  const service = await Service.start(ENV)
  await service.until('ok')
  let texts = 0
  const predict = async (): Promise<number> => (await fetch(`http://127.0.0.1:${service.port}/predict`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.other}` }, body: JSON.stringify({ text: `somebody else's text ${++texts}` })
  })).status
  expect(await predict()).toBe(200)
  const idle = await settle(service)
  const attack = ATTACKS[name]?.({ port: service.port, key: KEYS.attacker })
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
  const socket = open({ port: service.port, key: KEYS.attacker })
  let answer = ''
  socket.on('data', (data) => { answer += String(data) })
  socket.write(`${start}\r\ncontent-length: 10000\r\n\r\n{`)
  const trickle = setInterval(() => { socket.write(' ') }, 500)
  onTestFinished(() => { clearInterval(trickle) })
  await new Promise<void>((resolve) => { socket.once('close', () => resolve()) })
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})
