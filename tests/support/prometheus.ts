import { spawnSync } from 'node:child_process'
import { inject } from 'vitest'

/** Fails, naming what to install, if Prometheus' programs are missing. */
export function needPrometheus (): void {
  if (!inject('prometheus')) {
    throw new Error('This test needs prometheus and promtool: install Prometheus (apt install prometheus, brew install prometheus)')
  }
}

/** What `promtool` printed, and whether it found nothing wrong. */
export function promtool (args: string[], input?: string): { clean: boolean, output: string } {
  needPrometheus()
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8', ...(input !== undefined && { input }) })
  if (error !== undefined) throw error
  return { clean: status === 0, output: stdout + stderr }
}
