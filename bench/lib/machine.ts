import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'

/** Where and of what a figure was measured: processor, cores, Node's version, commit. */
export function machine (): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}, commit ${commit}`
}
