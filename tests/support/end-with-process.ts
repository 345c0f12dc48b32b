import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()
process.on('exit', () => { for (const child of children) child.kill() })

/** Ends `child` when this process ends, even if it ends early. */
export function endWithProcess (child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}
