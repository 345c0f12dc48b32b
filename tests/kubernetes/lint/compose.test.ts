import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { find, renderWith, ROOT, type Container, type PodSpec } from './render.ts'

interface ComposeService {
  image: string
  user?: string
  cpus: number
  mem_limit: string
  read_only: boolean
  cap_drop: string[]
  command?: string[]
  ports: Array<{ target: number }>
  environment: Record<string, string | number | null>
}

let compose: Record<'api' | 'redis', ComposeService>
let observability: Record<'api', ComposeService>
let service: PodSpec
let redis: PodSpec
let settings: Record<string, string>

/** A value with its default: `${API_CPUS:-2}` is 2. */
const fallback = (value: unknown): string => /:-([^}]*)\}/.exec(String(value))?.[1] ?? String(value)
const bytes = (size: string): number => {
  const [, number, unit = ''] = /^(\d+)([kmg]?)i?b?$/i.exec(size) ?? []
  return Number(number) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
}
const container = (pod: PodSpec): Container => pod.containers[0] as Container
const readCompose = async <T>(name: string): Promise<T> =>
  (parse(await readFile(join(ROOT, 'docker', name), 'utf8'), { merge: true }) as { services: T }).services

beforeAll(async () => {
  compose = await readCompose('docker-compose.yml')
  observability = await readCompose('docker-compose.observability.yml')
  const { manifests } = await renderWith('redis')
  service = find(manifests, 'Deployment', 'sentiment').spec.template.spec
  redis = find(manifests, 'Deployment', 'redis').spec.template.spec
  settings = find(manifests, 'ConfigMap', 'sentiment-settings').data
})

describe('Kubernetes and Compose agree on', () => {
  it('the service\'s image, port, CPU and memory', async () => {
    const { image, ports, resources } = container(service)
    expect(image).toBe(compose.api.image.replace(/\$\{.*\}/, fallback))
    expect(ports?.find(({ name }) => name === 'http')?.containerPort).toBe(compose.api.ports[0]?.target)
    expect(ports?.find(({ name }) => name === 'metrics')?.containerPort).toBe(Number(settings.METRICS_PORT))
    expect(Number(settings.METRICS_PORT)).toBe(observability.api.environment.METRICS_PORT)
    expect(Number(resources.limits.cpu)).toBe(Number(fallback(compose.api.cpus)))
    expect(bytes(resources.limits.memory as string)).toBe(bytes(fallback(compose.api.mem_limit)))
  })

  it('users, read-only file systems and dropped capabilities', async () => {
    const dockerfile = await readFile(join(ROOT, 'docker/Dockerfile'), 'utf8')
    const users: Array<[PodSpec, string | undefined, ComposeService]> = [
      [service, /^USER (.+)$/gm.exec(dockerfile.slice(dockerfile.indexOf('AS runtime')))?.[1], compose.api],
      [redis, compose.redis.user, compose.redis]
    ]
    for (const [pod, user, composed] of users) {
      expect(`${String(pod.securityContext.runAsUser)}:${String(pod.securityContext.runAsGroup)}`).toBe(user)
      expect(container(pod).securityContext.readOnlyRootFilesystem).toBe(composed.read_only)
      expect(container(pod).securityContext.capabilities).toEqual({ drop: composed.cap_drop })
    }
  })

  it('Redis: image, memory and what it stores', () => {
    const { image, resources, command = [] } = container(redis)
    expect(image).toBe(compose.redis.image)
    expect(bytes(resources.limits.memory as string)).toBe(bytes(fallback(compose.redis.mem_limit)))
    // `--flag value`: the password is given another way in each.
    const flags = (words: readonly string[]): Record<string, string | undefined> => Object.fromEntries(words.flatMap((word, index) =>
      word.startsWith('--') && word !== '--requirepass' ? [[word, words[index + 1]?.replace('""', '')]] : []))
    expect(flags((command[2] as string).split(/\s+/))).toEqual(flags((compose.redis.command ?? []).map(fallback)))
  })
})
