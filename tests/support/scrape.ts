import type { FastifyInstance } from 'fastify'

/** The series of a scrape by name and labels, as Prometheus' text format writes them. */
export type Series = Map<string, number>

/** Reads Prometheus' text format. */
export function parseSeries (text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(' ')
    return [line.slice(0, space), Number(line.slice(space + 1))]
  }))
}

/** What the service shows at `/metrics` now. */
export async function scrape (app: FastifyInstance): Promise<Series> {
  return parseSeries((await app.inject('/metrics')).body)
}

/** By how much each series moved while `action` ran; series that did not move are left out. */
export async function moved (app: FastifyInstance, action: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape(app)
  await action()
  const after = await scrape(app)
  return Object.fromEntries([...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const).filter(([, change]) => change !== 0))
}
