import { run, type RunOptions } from '../../container/support/run.ts'
import { waitFor } from '../../container/support/wait.ts'

export { report, waitFor } from '../../container/support/wait.ts'

export const NAMESPACE = 'sentiment-test'
/** Longest wait for something that the cluster does, in milliseconds: pods start slowly on a busy machine. */
export const PATIENCE_MS = 300_000

export interface Pod {
  metadata: { name: string, uid: string, deletionTimestamp?: string }
  status: {
    phase: string
    podIP: string
    conditions?: Array<{ type: string, status: string }>
    containerStatuses?: Array<{ restartCount: number }>
  }
}

/** `kubectl` with these arguments; its output without the last line break. */
export async function kubectl (args: readonly string[], options: RunOptions = {}): Promise<string> {
  return (await run('kubectl', args, options)).stdout.trim()
}

/** `kubectl` in the tests' namespace. */
export async function k (...args: string[]): Promise<string> {
  return await kubectl(['--namespace', NAMESPACE, ...args])
}

/** `kubectl apply` of an object or a list of objects. */
export async function apply (...objects: object[]): Promise<void> {
  await kubectl(['apply', '--filename', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
}

export const isReady = ({ metadata, status }: Pod): boolean => metadata.deletionTimestamp === undefined &&
  status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'

/** The pods with this `app.kubernetes.io/name`, terminating ones included. */
export async function pods (app = 'sentiment'): Promise<Pod[]> {
  const { items } = JSON.parse(await k('get', 'pods', '--selector', `app.kubernetes.io/name=${app}`, '--output', 'json')) as { items: Pod[] }
  return items
}

/** Waits until exactly `count` pods of the service exist, and all of them are ready. */
export async function settled (count: number): Promise<Pod[]> {
  return await waitFor(`${count} ready pods and no other`, async () => {
    const all = await pods()
    return all.length === count && all.every(isReady) ? all : undefined
  }, PATIENCE_MS, 500)
}

/** Sets the number of replicas and waits for it. */
export async function scale (replicas: number): Promise<Pod[]> {
  await k('scale', 'deployment/sentiment', `--replicas=${replicas}`)
  return await settled(replicas)
}
