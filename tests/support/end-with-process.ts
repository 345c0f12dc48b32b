import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()
process.on('exit', () => { for (const child of children) child.kill() })

/** Ends `child` with this process at the latest, also where that ends before its time. */
export function endWithProcess (child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}
