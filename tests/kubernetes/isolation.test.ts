import { expect, it } from 'vitest'
import { inPod } from './support/client.ts'
import { k, pods, settled, waitFor } from './support/kubectl.ts'

const connects = (host: string, port: number): string => `return await new Promise((resolve) => {
  const socket = require('node:net').connect({ host: ${JSON.stringify(host)}, port: ${port}, timeout: 3000 })
  const end = (result) => () => { socket.destroy(); resolve(result) }
  socket.on('connect', end('connected')).on('timeout', end('no answer')).on('error', end('no answer'))
})`

/** Whether the pod `name` of the service reaches a port. */
async function podConnects (name: string, host: string, port: number): Promise<string> {
  return JSON.parse(await k('exec', name, '--', 'node', '--eval', `(async () => {${connects(host, port)}})().then((value) => console.log(JSON.stringify(value)))`)) as string
}

it('allows the service to reach Redis, but no other pod', async () => {
  const [pod] = await settled(2)
  expect(await podConnects(pod?.metadata.name as string, 'redis', 6379)).toBe('connected')
  const [redis] = await pods('redis')
  for (const host of ['redis', redis?.status.podIP as string]) {
    await waitFor('the policy to be enforced', async () => await inPod(connects(host, 6379)) === 'no answer' || undefined)
  }
})

it('does not allow other pods to reach the metrics port, which the node can read', async () => {
  const [pod] = await settled(2)
  const { name } = pod?.metadata ?? {}
  expect(await inPod(connects(pod?.status.podIP as string, 8000))).toBe('connected')
  expect(await inPod(connects(pod?.status.podIP as string, 9464))).toBe('no answer')
  expect(await podConnects(name as string, '127.0.0.1', 9464)).toBe('connected')
})
