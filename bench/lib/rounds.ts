import { chooseRounds, ROUNDS, type Bench, type Measurement } from './scenario.ts'
import { startService, type System, type SystemName } from './systems.ts'

export type Starter = () => Promise<System>

/** Starters of the service and, with `against`, of the other checkout's service. */
export function chooseServices (bench: Bench, env: Record<string, string>): Starter[] {
  const { url, against, model } = bench
  if (url !== undefined) return [() => Promise.resolve({ name: 'service', url })]
  const starters: Starter[] = [() => startService(model, env)]
  if (against !== undefined) starters.push(() => startService(model, env, against))
  return starters
}

/** The baselines to start: none beside a service that is already running. */
export function chooseBaselines (bench: Bench, ...starters: Starter[]): Starter[] {
  return bench.url === undefined ? starters : []
}

/** Starts every system, passes them to `use`, and stops them afterwards, on errors as well. */
export async function withSystems<T> (starters: readonly Starter[], use: (systems: System[]) => Promise<T>): Promise<T> {
  const systems: System[] = []
  try {
    for (const starter of starters) systems.push(await starter())
    return await use(systems)
  } finally {
    await Promise.all(systems.map(async ({ process }) => { await process?.stop() }))
  }
}

/** Measures the systems one after the other in each round; the order is reversed in every second round. */
export async function runRounds<S extends { name: SystemName }> (
  bench: Bench, title: string, systems: readonly S[],
  measure: (system: S, round: number) => Promise<Omit<Measurement, 'system' | 'round'>[]>, usualRounds = ROUNDS
): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  const rounds = chooseRounds(bench, usualRounds)
  for (let round = 0; round < rounds; round++) {
    for (const system of round % 2 === 0 ? systems : systems.toReversed()) {
      bench.progress.show(`${title}: ${system.name}, round ${round + 1} of ${rounds}`)
      for (const measurement of await measure(system, round)) measurements.push({ system: system.name, round, ...measurement })
    }
  }
  return measurements
}
