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

/** The current series of the service. */
export async function scrape (app: FastifyInstance): Promise<Series> {
  return parseSeries((await app.inject('/metrics')).body)
}

/** The change of each series while `action` ran; unchanged series are left out. */
export async function measureChanges (app: FastifyInstance, action: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape(app)
  await action()
  const after = await scrape(app)
  return Object.fromEntries([...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const).filter(([, change]) => change !== 0))
}
