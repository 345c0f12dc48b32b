import { afterEach, expect, it } from 'vitest'
import { Load, request } from './support/client.ts'
import { k, kubectl, NAMESPACE, PATIENCE_MS, pods, isReady, report, settled, waitFor, type Pod } from './support/kubectl.ts'
import { killProcess } from './support/node-shell.ts'

afterEach(async () => { await settled(2) })

/** Evicts a pod as `kubectl drain` does; false if the disruption budget refuses it for now. */
async function evict ({ metadata: { name } }: Pod): Promise<boolean> {
  const eviction = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } })
  try {
    await kubectl(['create', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, '--filename', '-'], { input: eviction })
    return true
  } catch (error) {
    if (String(error).includes('disruption budget')) return false
    throw error
  }
}

it('answers every request while both pods are evicted one after the other, as the budget allows', async () => {
  const [first, second] = await settled(2) as [Pod, Pod]
  const load = await Load.start({ close: 3, keep: 3, everyMs: 50, texts: 1 })
  expect(await evict(first)).toBe(true)
  expect(await evict(second)).toBe(false)
  await waitFor('the budget to allow the second eviction', async () => await evict(second) || undefined, PATIENCE_MS, 500)
  await settled(2)
  const { sent, failures, refused } = await load.stop(300)
  report(`evictions: ${sent} requests, ${failures.length} failed, ${refused} refused connections`)
  expect(failures).toEqual([])
  expect(refused).toBe(0)
})

/** The kernel accepts connections for a killed process until its memory is freed and its listener is closed. */
const TEARDOWN_MS = 1_000

it('loses only the requests in flight on a pod that is killed by SIGKILL', async () => {
  const [pod] = await settled(2) as [Pod, Pod]
  const load = await Load.start({ close: 4, keep: 4, everyMs: 10, texts: 4 })
  const killedAt = await killProcess(pod, 'dist/server.js')
  await waitFor('the container to be restarted', async () => {
    const now = (await pods()).find(({ metadata }) => metadata.name === pod.metadata.name)
    return now !== undefined && isReady(now) && (now.status.containerStatuses?.[0]?.restartCount ?? 0) > 0 ? true : undefined
  }, PATIENCE_MS, 500)
  const { sent, failures, refused } = await load.stop(200)
  report(`SIGKILL: ${sent} requests, ${failures.length} failed, ${refused} refused connections tried again`)
  // A connection that was opened before the kill can only be one of the killed pod, as the other pod fails none.
  for (const { reason, connectedAt } of failures) {
    expect(reason).toMatch(/ECONNRESET|socket hang up|EPIPE/)
    expect(connectedAt).toBeLessThanOrEqual(killedAt + TEARDOWN_MS)
  }
  expect(failures.length).toBeLessThanOrEqual(8)
})

it('stays ready and answers every request while Redis is down, and uses it again afterwards', async () => {
  const before = await settled(2)
  const statuses = async (): Promise<string[]> => await Promise.all(before.map(async ({ status: { podIP } }) =>
    (await request<{ status: string }>(`${podIP}:8000`, '/health')).body.status))
  const both = async (status: string): Promise<void> => {
    await waitFor(`both pods to be ${status}`, async () => (await statuses()).every((value) => value === status) || undefined, PATIENCE_MS, 500)
  }
  await both('ok')
  const load = await Load.start({ close: 2, keep: 2, everyMs: 50, texts: 1 })
  await k('scale', 'deployment/redis', '--replicas=0')
  await both('degraded')
  const without = await pods()
  await k('scale', 'deployment/redis', '--replicas=1')
  await both('ok')
  const { sent, failures } = await load.stop(200)
  report(`Redis down and up again: ${sent} requests, ${failures.length} failed`)
  expect(failures).toEqual([])
  for (const all of [without, await pods()]) {
    expect(all.map(isReady)).toEqual([true, true])
    expect(all.map(({ metadata }) => metadata.name).sort()).toEqual(before.map(({ metadata }) => metadata.name).sort())
  }
})
