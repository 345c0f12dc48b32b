// Enforces NetworkPolicies on the test cluster's node with iptables. It supports what deploy/kubernetes uses: pod and namespace
// selectors by labels, ports by number or name. On a production cluster the network plugin does this.
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { list, type Resource } from './api.ts'

type Labels = Record<string, string>
interface Selector { matchLabels?: Labels }
interface Peer { podSelector?: Selector, namespaceSelector?: Selector }
interface Rule { from?: Peer[], to?: Peer[], ports?: Array<{ port: number | string, protocol?: string }> }
type Policy = Resource<{ podSelector: Selector, policyTypes: string[], ingress?: Rule[], egress?: Rule[] }>
type Pod = Resource<{ hostNetwork?: boolean, containers: Array<{ ports?: Array<{ name: string, containerPort: number }> }> }, { podIP?: string, phase: string }>

const matches = ({ matchLabels = {} }: Selector, labels: Labels = {}): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value)

/** The rules of one direction. `own` and `other` are iptables' flags for the selected pod's address and its peer's. */
function direction (chain: string, policies: Policy[], pods: Pod[], namespaces: Resource[], rulesOf: (policy: Policy) => Rule[], own: string, other: string): string[] {
  const allowed: string[] = []
  const isolated = new Set<string>()
  const peers = (list: Peer[] | undefined, namespace: string): string[] => list === undefined
    ? ['0.0.0.0/0']
    : list.flatMap(({ podSelector = {}, namespaceSelector }) => pods.filter(({ metadata }) => matches(podSelector, metadata.labels) &&
      (namespaceSelector === undefined
        ? metadata.namespace === namespace
        : matches(namespaceSelector, namespaces.find(({ metadata: { name } }) => name === metadata.namespace)?.metadata.labels))))
      .map(({ status }) => status.podIP as string)
  for (const policy of policies) {
    const { namespace } = policy.metadata
    for (const pod of pods.filter(({ metadata }) => metadata.namespace === namespace && matches(policy.spec.podSelector, metadata.labels))) {
      const address = pod.status.podIP as string
      isolated.add(address)
      const number = (port: number | string): number | undefined => typeof port === 'number'
        ? port
        : pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port)?.containerPort
      for (const rule of rulesOf(policy)) {
        for (const peer of peers(rule.from ?? rule.to, namespace)) {
          const filters = rule.ports?.map(({ port, protocol = 'TCP' }) => `-p ${protocol.toLowerCase()} --dport ${number(port)}`) ?? ['']
          for (const filter of filters) allowed.push(`-A ${chain} ${own} ${address} ${other} ${peer} ${filter} -j RETURN`)
        }
      }
    }
  }
  return [
    `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`,
    ...allowed,
    ...[...isolated].map((address) => `-A ${chain} ${own} ${address} -j DROP`)
  ]
}

async function currentRules (): Promise<string> {
  const [policies, all, namespaces] = await Promise.all([
    list<Policy>('/apis/networking.k8s.io/v1/networkpolicies'), list<Pod>('/api/v1/pods'), list('/api/v1/namespaces')
  ])
  const pods = all.filter(({ spec, status }) => status.podIP !== undefined && spec.hostNetwork !== true && !['Succeeded', 'Failed'].includes(status.phase))
  const of = (type: string): Policy[] => policies.filter(({ spec }) => spec.policyTypes.includes(type))
  return [
    '*filter', ':INGRESS - [0:0]', ':EGRESS - [0:0]',
    ...direction('INGRESS', of('Ingress'), pods, namespaces, ({ spec }) => spec.ingress ?? [], '-d', '-s'),
    ...direction('EGRESS', of('Egress'), pods, namespaces, ({ spec }) => spec.egress ?? [], '-s', '-d'),
    'COMMIT', ''
  ].join('\n')
}

for (let last = ''; ; await delay(500)) {
  const rules = await currentRules()
  if (rules === last) continue
  execFileSync('iptables-restore', ['--noflush', '--wait'], { input: rules })
  if (last === '') for (const chain of ['EGRESS', 'INGRESS']) execFileSync('iptables', ['--wait', '-I', 'FORWARD', '-j', chain])
  last = rules
}
