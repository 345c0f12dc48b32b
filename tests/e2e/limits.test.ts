import { expect, it, onTestFinished } from 'vitest'
import { API_KEYS, attack, ATTACK_NAMES, KEYS, MAX_GROWTH_MIB, open, settle } from '../support/attacks.ts'
import { Service } from '../support/service.ts'

/** The memory limit of deploy/kubernetes and docker/docker-compose.yml, in MiB. */
const CONTAINER_MIB = 1024
/** Milliseconds for /health/live: 1 s on an idle machine, with a margin for a busy one. */
const MAX_HEALTH_MS = 10_000
const ENV = { MODEL_NAME: 'compact', API_KEYS }
/** The limit that V8 chooses in a container of 1 GiB, for which the bounds on memory are: with a higher one, it collects garbage later. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=512' }

it.each(ATTACK_NAMES)('bounds its memory and answers other clients under attack by %s', async (name) => {
  const service = await Service.start({ ...ENV, ...HEAP })
  await service.until('ok')
  const idle = await settle(service.port)
  const { slowest, peak } = await attack(name, service.port)
  expect(peak - idle).toBeLessThan(MAX_GROWTH_MIB)
  expect(peak).toBeLessThan(CONTAINER_MIB)
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
