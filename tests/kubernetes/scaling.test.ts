import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { run } from '../container/support/run.ts'
import { Load } from './support/client.ts'
import { apply, k, kubectl, PATIENCE_MS, pods, report, scale, settled, waitFor, type Pod } from './support/kubectl.ts'
import { answered } from './support/metrics.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')

beforeEach(async () => { await scale(2) })
afterAll(async () => { await scale(2) })

it('gives a new replica at least a quarter of the requests of keep-alive clients within 30 s', async () => {
  const before = await pods()
  const load = await Load.start({ close: 0, keep: 64, everyMs: 500, texts: 0 })
  const all = await scale(3)
  const began = performance.now()
  const added = all.findIndex(({ metadata }) => !before.some((pod) => pod.metadata.name === metadata.name))
  const count = async (): Promise<number[]> => await Promise.all(all.map(answered))
  // The share of each window of about 5 s: the clients move one after the other.
  const shares: number[] = []
  for (let last = await count(); performance.now() - began < 30_000;) {
    await delay(5000)
    const now = await count()
    const answers = now.map((value, index) => value - (last[index] as number))
    shares.push((answers[added] as number) / answers.reduce((total, value) => total + value, 0))
    last = now
  }
  const { sent, failures } = await load.stop()
  report(`new replica's share of ${sent} requests, in windows of 5 s: ${shares.map((share) => `${Math.round(share * 100)} %`).join(', ')}`)
  expect(failures).toEqual([])
  expect(Math.max(...shares)).toBeGreaterThanOrEqual(0.25)
})

/** Registers the stand-in for prometheus-adapter until the test ends. */
async function startMetricsAdapter (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
  const manifest = join(FIXTURES, 'metrics-adapter.yaml')
  onTestFinished(async () => {
    await kubectl(['delete', '--filename', manifest, '--ignore-not-found'])
    await rm(folder, { recursive: true, force: true })
  })
  const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=metrics-adapter', '-keyout', key, '-out', certificate])
  const files = { 'metrics-adapter.ts': join(FIXTURES, 'metrics-adapter.ts'), 'tls.key': key, 'tls.crt': certificate }
  const data = Object.fromEntries(await Promise.all(Object.entries(files).map(async ([name, file]) => [name, await readFile(file, 'utf8')])))
  await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'adapter', namespace: 'sentiment-test-node' }, data })
  await kubectl(['apply', '--filename', manifest])
  await kubectl(['wait', 'apiservice/v1beta2.custom.metrics.k8s.io', '--for', 'condition=Available', '--timeout', '300s'])
}

it('scales up under load and down afterwards on the texts in progress, and answers every request meanwhile', async () => {
  const replicas = async (): Promise<number> => Number(await k('get', 'deployment/sentiment', '--output', 'jsonpath={.spec.replicas}'))
  const steady = await Load.start({ close: 1, keep: 1, everyMs: 200, texts: 0 })
  await startMetricsAdapter()
  const burst = await Load.start({ close: 0, keep: 4, everyMs: 0, texts: 64 })
  await waitFor('the autoscaler to add a replica', async () => await replicas() === 3 || undefined, PATIENCE_MS, 1000)
  await settled(3)
  const during = await burst.stop()
  await waitFor('the autoscaler to remove it', async () => await replicas() === 2 || undefined, PATIENCE_MS, 1000)
  const after: Pod[] = await settled(2)
  const { sent, failures } = await steady.stop()
  report(`autoscaler, 2 to 3 to 2 replicas: ${sent + during.sent} requests, ${failures.length + during.failures.length} failed`)
  expect(after).toHaveLength(2)
  expect([...during.failures, ...failures]).toEqual([])
})
