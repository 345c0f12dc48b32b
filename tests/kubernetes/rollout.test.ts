import { beforeAll, expect, it } from 'vitest'
import { Load } from './support/client.ts'
import { k, report, settled } from './support/kubectl.ts'

beforeAll(async () => { await settled(2) })

// Three restarts with 1,000 requests each.
it.each([1, 2, 3])('answers every request during rolling restart %i, on new and on kept connections', async () => {
  const before = (await settled(2)).map(({ metadata }) => metadata.name)
  const load = await Load.start({ close: 3, keep: 3, everyMs: 50, texts: 1 })
  await k('rollout', 'restart', 'deployment/sentiment')
  await k('rollout', 'status', 'deployment/sentiment', '--timeout', '300s')
  // `rollout status` does not wait until the old pods have ended.
  const after = (await settled(2)).map(({ metadata }) => metadata.name)
  const { sent, failures, refused, maxMs } = await load.stop(1000)
  report(`rolling restart: ${sent} requests, ${failures.length} failed, ${refused} refused connections, slowest answer ${maxMs} ms`)
  expect(failures).toEqual([])
  expect(refused).toBe(0)
  expect(sent).toBeGreaterThanOrEqual(1000)
  expect(after.filter((name) => before.includes(name))).toEqual([])
})
