import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { run } from '../../container/support/run.ts'

export const ROOT = join(import.meta.dirname, '../../..')
export const DEPLOY = join(ROOT, 'deploy/kubernetes')

export interface Container {
  name: string
  image: string
  command?: string[]
  env?: Array<{ name: string }>
  resources: { requests: Record<string, string>, limits: Record<string, string> }
  securityContext: Record<string, unknown>
  ports?: Array<{ name: string, containerPort: number }>
}

export interface PodSpec {
  automountServiceAccountToken: boolean
  enableServiceLinks: boolean
  terminationGracePeriodSeconds: number
  securityContext: Record<string, unknown>
  containers: Container[]
  initContainers?: Container[]
}

export interface Manifest {
  kind: string
  metadata: { name: string }
  spec: { template: { spec: PodSpec } } & Record<string, unknown>
  data: Record<string, string>
}

/** What `kubectl kustomize` makes of a folder. */
export async function render (folder: string): Promise<{ text: string, manifests: Manifest[] }> {
  const { stdout: text } = await run('kubectl', ['kustomize', folder])
  return { text, manifests: parseAllDocuments(text).map((document) => document.toJS() as Manifest) }
}

/** Renders the base with some components, as an overlay would. */
export async function renderWith (...components: string[]): Promise<{ text: string, manifests: Manifest[] }> {
  const folder = await mkdtemp(join(ROOT, 'tests/kubernetes/lint/rendered-'))
  try {
    await writeFile(join(folder, 'kustomization.yaml'), stringify({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [relative(folder, join(DEPLOY, 'base'))],
      components: components.map((name) => relative(folder, join(DEPLOY, 'components', name)))
    }))
    return await render(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Every component's name. */
export async function componentNames (): Promise<string[]> {
  return await readdir(join(DEPLOY, 'components'))
}

/** The object of this kind and name; a generated ConfigMap's name has a hash behind it. */
export function find (manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && (manifest.metadata.name === name || manifest.metadata.name.startsWith(`${name}-`)))
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
