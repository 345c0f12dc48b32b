import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { configSchema } from '../../../src/config.ts'
import { run } from '../../container/support/run.ts'
import { componentNames, DEPLOY, find, render, renderWith, ROOT, type Manifest, type PodSpec } from './render.ts'

const OLDEST = '1.30'
const NEWEST = '1.37'
/** Kinds that an operator defines: their schemas are no part of Kubernetes. The cluster tests validate them. */
const CUSTOM = ['ServiceMonitor', 'PrometheusRule', 'HTTPRoute']
const ALTERNATIVES: Readonly<Record<string, string>> = { gateway: 'ingress', 'model-image': 'model-volume' }

let rendered: Map<string, { text: string, manifests: Manifest[] }>

beforeAll(async () => {
  const components = await componentNames()
  const everything = components.filter((name) => !(name in ALTERNATIVES))
  rendered = new Map([
    ['base', await renderWith()],
    ...await Promise.all(components.map(async (name) => [name, await renderWith(name)] as const)),
    ['every component', await renderWith(...everything)],
    ...await Promise.all(['.', 'overlays/local', 'overlays/example', 'bulk'].map(async (name) => [name, await render(join(DEPLOY, name))] as const)),
    ['the tests\' overlay', await render(join(ROOT, 'tests/kubernetes/overlay'))]
  ])
})

function podSpecs (manifests: readonly Manifest[]): Array<{ name: string, pod: PodSpec }> {
  return manifests.filter(({ kind }) => ['Deployment', 'Job'].includes(kind))
    .map(({ kind, metadata, spec }) => ({ name: `${kind} ${metadata.name}`, pod: spec.template.spec }))
}

it('gives every pod the restricted profile, no token, no service links and bounded resources', () => {
  const problems: string[] = []
  for (const [folder, { manifests }] of rendered) {
    for (const { name, pod } of podSpecs(manifests)) {
      const check = (ok: boolean, what: string): void => { if (!ok) problems.push(`${folder}: ${name}: ${what}`) }
      check(!pod.automountServiceAccountToken && !pod.enableServiceLinks, 'token or service links')
      check(pod.securityContext.runAsNonRoot === true && typeof pod.securityContext.runAsUser === 'number', 'runs as root')
      for (const { resources, securityContext } of [...pod.containers, ...pod.initContainers ?? []]) {
        check('memory' in resources.limits && 'memory' in resources.requests && 'cpu' in resources.requests, 'unbounded resources')
        check(securityContext.readOnlyRootFilesystem === true && securityContext.allowPrivilegeEscalation === false, 'security context')
      }
    }
  }
  expect(problems).toEqual([])
})

it('only names settings that the service has', async () => {
  const { manifests } = await render(join(DEPLOY, 'overlays/example'))
  const settings = find(manifests, 'ConfigMap', 'sentiment-settings').data
  expect(Object.keys(settings).filter((key) => !(key in configSchema.properties))).toEqual([])
})

it('pins the model to a commit', async () => {
  const settings = find((await renderWith()).manifests, 'ConfigMap', 'sentiment-settings').data
  expect(settings.MODEL_REVISION).toMatch(/^[0-9a-f]{40}$/)
})

it('gives a pod more time to stop than the service takes', async () => {
  for (const { manifests } of rendered.values()) {
    const settings = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('sentiment-settings'))?.data
    const deployment = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'sentiment')
    if (settings === undefined || deployment === undefined) continue
    const seconds = (Number(settings.SHUTDOWN_DELAY_MS) + Number(settings.SHUTDOWN_GRACE_MS)) / 1000
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(seconds)
  }
})

it('has a PrometheusRule with the alerts of Compose (make lint-kubernetes ARGS=-u writes it)', async () => {
  const rules = await readFile(join(ROOT, 'docker/observability/rules.yml'), 'utf8')
  const groups = rules.slice(rules.indexOf('groups:')).trimEnd().split('\n').map((line) => line === '' ? '' : `  ${line}`).join('\n')
  const text = `# Generated from docker/observability/rules.yml: make lint-kubernetes ARGS=-u
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sentiment
spec:
${groups}
`
  await expect(text).toMatchFileSnapshot(join(DEPLOY, 'components/monitoring/prometheus-rule.yaml'))
})

describe.each([OLDEST, NEWEST])('Kubernetes %s', (version) => {
  it.skipIf(process.env.KUBERNETES_VALIDATE === undefined)('accepts every object without unknown fields (kubernetes-validate)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'manifests-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const files = await Promise.all([...rendered].map(async ([name, { text }], index) => {
      const file = join(folder, `${index} ${name.replaceAll(/\W/g, '-')}.yaml`)
      await writeFile(file, text.split('\n---\n').filter((object) => !CUSTOM.some((kind) => object.includes(`\nkind: ${kind}\n`))).join('\n---\n'))
      return file
    }))
    const validate = async (...names: string[]): Promise<void> => {
      await run(process.env.KUBERNETES_VALIDATE as string, ['--strict', '--quiet', '--kubernetes-version', version, ...names])
    }
    await validate(...files)
    const [wrong] = files as [string]
    await writeFile(wrong, (await readFile(wrong, 'utf8')).replace('imagePullPolicy:', 'imagePolicy:'))
    await expect(validate(wrong)).rejects.toThrow('\'imagePolicy\' was unexpected')
  })
})
