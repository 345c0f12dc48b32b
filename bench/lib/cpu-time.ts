import { readdir, readFile } from 'node:fs/promises'

/** CPU milliseconds that each thread of a process has used, by thread id; empty without /proc. */
export type ThreadTimes = ReadonlyMap<number, number>

const NANOSECONDS_PER_MS = 1e6

/** Reads /proc/PID/task/TID/schedstat. Its first number is nanoseconds on a CPU (kernel: Documentation/scheduler/sched-stats.rst). */
export async function readThreadTimes (pid: number): Promise<ThreadTimes> {
  const ids = await readdir(`/proc/${pid}/task`).catch(() => [])
  const times = await Promise.all(ids.map(async (id) => {
    const line = await readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8').catch(() => '')
    return [Number(id), Number(line.split(' ')[0]) / NANOSECONDS_PER_MS] as const
  }))
  return new Map(times)
}

/** CPU milliseconds used between two readings: by the main thread, by the `workers` busiest other threads, and by the rest. */
export function subtractThreadTimes (before: ThreadTimes, after: ThreadTimes, pid: number, workers: number): { main: number, workers: number, rest: number } {
  const spent = [...after].map(([id, ms]) => ({ id, ms: ms - (before.get(id) ?? 0) }))
  const others = spent.filter(({ id }) => id !== pid).map(({ ms }) => ms).sort((a, b) => b - a)
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    main: spent.find(({ id }) => id === pid)?.ms ?? NaN,
    workers: sum(others.slice(0, workers)),
    rest: sum(others.slice(workers))
  }
}
