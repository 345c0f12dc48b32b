/** A Kubernetes object, as far as the programs of the test cluster read it. */
export interface Resource<Spec = unknown, Status = unknown> {
  metadata: { name: string, namespace: string, labels?: Record<string, string> }
  spec: Spec
  status: Status
}

/** GET of the test cluster's API; undefined if there is no such object. Its certificate is in NODE_EXTRA_CA_CERTS. */
export async function get<T> (path: string): Promise<T | undefined> {
  const { CLUSTER_API, CLUSTER_TOKEN } = process.env
  const response = await fetch(`${CLUSTER_API}${path}`, { headers: { authorization: `Bearer ${CLUSTER_TOKEN}` } })
  const body = await response.text()
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${body.slice(0, 200)}`)
  return JSON.parse(body) as T
}

/** Every object of a collection. */
export async function list<T extends Resource> (path: string): Promise<T[]> {
  return (await get<{ items: T[] }>(path))?.items ?? []
}
