import { join } from 'node:path'
import { kubectl, NAMESPACE, settled } from './kubectl.ts'

const OVERLAY = join(import.meta.dirname, '../overlay')
const NODE_SHELL = join(import.meta.dirname, '../fixtures/node-shell.yaml')

/** Applies the manifests once and waits until the service is ready. */
export default async function setup (): Promise<() => Promise<void>> {
  await kubectl(['apply', '--kustomize', OVERLAY])
  await kubectl(['apply', '--filename', NODE_SHELL])
  try {
    await settled(2)
    for (const [namespace, pod] of [[NAMESPACE, 'client'], ['sentiment-test-node', 'node-shell']] as const) {
      await kubectl(['--namespace', namespace, 'wait', `pod/${pod}`, '--for', 'condition=Ready', '--timeout', '300s'])
    }
    await kubectl(['--namespace', NAMESPACE, 'rollout', 'status', 'deployment/redis', '--timeout', '300s'])
  } catch (error) {
    const state = await kubectl(['--namespace', NAMESPACE, 'describe', 'pods'])
    const logs = await kubectl(['--namespace', NAMESPACE, 'logs', '--selector', 'app.kubernetes.io/name=sentiment', '--tail', '20'], { allow: [1] })
    throw new Error(`${state.slice(-6000)}\n${logs}`, { cause: error })
  }
  return async () => {
    await kubectl(['delete', '--kustomize', OVERLAY, '--ignore-not-found'])
    await kubectl(['delete', '--filename', NODE_SHELL, '--ignore-not-found'])
  }
}
