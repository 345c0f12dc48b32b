import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { request } from './support/client.ts'
import { k, kubectl, NAMESPACE, PATIENCE_MS, pods, settled, waitFor } from './support/kubectl.ts'

const ROOT = join(import.meta.dirname, '../..')

it('runs two ready replicas, which answer through the Service, in a namespace that enforces the restricted profile', async () => {
  const labels = JSON.parse(await kubectl(['get', 'namespace', NAMESPACE, '--output', 'jsonpath={.metadata.labels}'])) as Record<string, string>
  expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted')
  await settled(2)
  const { status, body } = await request<{ label: string }>('sentiment', '/predict', { text: 'I love this!' })
  expect({ status, label: body.label }).toEqual({ status: 200, label: 'positive' })
})

it('is in a namespace that rejects a pod outside the restricted profile', async () => {
  await expect(k('run', 'unrestricted', '--image', 'sentiment-service:kubernetes-test')).rejects.toThrow(/violates PodSecurity "restricted/)
})

it('starts beside a Service named api', async () => {
  // The overlay has one; its variables would be API_PORT=tcp://…
  expect(await k('get', 'service', 'api', '--output', 'name')).toBe('service/api')
  const [pod] = await pods()
  expect(await k('exec', pod?.metadata.name as string, '--', 'printenv', 'API_PORT')).toBe('8000')
})

it('starts one worker per CPU of the limit', async () => {
  const [pod] = await settled(2)
  const { body } = await request<{ workers: { total: number } }>(`${pod?.status.podIP}:8000`, '/health')
  expect(body.workers.total).toBe(1)
})

it('is removed completely by kubectl delete -k', async () => {
  // The overlay under another namespace, as a person would copy it.
  const namespace = 'sentiment-test-removal'
  const copy = await mkdtemp(join(ROOT, 'tests/kubernetes/overlay-'))
  onTestFinished(() => rm(copy, { recursive: true, force: true }))
  await cp(join(ROOT, 'tests/kubernetes/overlay'), copy, { recursive: true })
  const file = join(copy, 'kustomization.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(`namespace: ${NAMESPACE}`, `namespace: ${namespace}`))

  const types = (await kubectl(['api-resources', '--verbs=list', '--namespaced=false', '--output', 'name'])).split('\n').filter((type) => !/^(componentstatuses|events)/.test(type))
  const everything = async (): Promise<string[]> => (await kubectl(['get', types.join(','), '--output', 'name', '--ignore-not-found'])).split('\n').filter((name) => !/flowschema|prioritylevel/.test(name))
  const before = await everything()
  await kubectl(['apply', '--kustomize', copy])
  await waitFor('two ready replicas', async () =>
    await kubectl(['--namespace', namespace, 'get', 'deployment/sentiment', '--output', 'jsonpath={.status.readyReplicas}']) === '2' ? true : undefined, PATIENCE_MS, 500)
  await kubectl(['delete', '--kustomize', copy])
  await expect(kubectl(['get', 'namespace', namespace])).rejects.toThrow('NotFound')
  expect(await everything()).toEqual(before)
})
