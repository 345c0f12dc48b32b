import { kubectl, NAMESPACE, type Pod } from './kubectl.ts'

/** A replica's metrics, read from its own port through the API server. */
export async function metrics ({ metadata: { name } }: Pod): Promise<string> {
  return await kubectl(['get', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${name}:9464/proxy/metrics`])
}

/** The sum of the samples of one metric whose labels match. */
export function sum (text: string, name: string, labels = /(?:)/): number {
  return text.split('\n').filter((line) => line.startsWith(name) && /[{ ]/.test(line[name.length] ?? '') && labels.test(line))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
}

/** Texts that these replicas have computed. */
export async function computed (pods: readonly Pod[]): Promise<number> {
  const each = await Promise.all(pods.map(async (pod) => sum(await metrics(pod), 'sentiment_texts_computed_total')))
  return each.reduce((total, value) => total + value, 0)
}

/** `POST` requests that a replica has answered. */
export async function answered (pod: Pod): Promise<number> {
  return sum(await metrics(pod), 'sentiment_http_requests_total', /method="POST"/)
}
