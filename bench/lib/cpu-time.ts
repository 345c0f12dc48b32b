import { readdir, readFile } from 'node:fs/promises'

/** CPU milliseconds of a process's threads so far, by thread id; none where there is no /proc. */
export type ThreadTimes = ReadonlyMap<number, number>

const NANOSECONDS_PER_MS = 1e6

/** Source: the kernel's Documentation/scheduler/sched-stats.rst; a thread's first number is its time on a CPU, in nanoseconds. */
export async function threadTimes (pid: number): Promise<ThreadTimes> {
  const ids = await readdir(`/proc/${pid}/task`).catch(() => [])
  const times = await Promise.all(ids.map(async (id) => {
    const line = await readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8').catch(() => '')
    return [Number(id), Number(line.split(' ')[0]) / NANOSECONDS_PER_MS] as const
  }))
  return new Map(times)
}

/** CPU milliseconds between two moments: of the main thread, of the `workers` busiest others, and of the rest. */
export function timesBetween (before: ThreadTimes, after: ThreadTimes, pid: number, workers: number): { main: number, workers: number, rest: number } {
  const spent = [...after].map(([id, ms]) => ({ id, ms: ms - (before.get(id) ?? 0) }))
  const others = spent.filter(({ id }) => id !== pid).map(({ ms }) => ms).sort((a, b) => b - a)
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    main: spent.find(({ id }) => id === pid)?.ms ?? NaN,
    workers: sum(others.slice(0, workers)),
    rest: sum(others.slice(workers))
  }
}
