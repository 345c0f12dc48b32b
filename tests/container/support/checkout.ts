import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'

/** Copies what a clean clone would contain: tracked and addable files, without builds, modules and settings. */
export async function cleanCheckout (): Promise<string> {
  const root = join(import.meta.dirname, '../../..')
  const directory = await mkdtemp(join(tmpdir(), 'sentiment-checkout-'))
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of stdout.split('\0').filter(Boolean)) {
    // A tracked file may have been deleted from the working copy.
    await cp(join(root, file), join(directory, file), { recursive: true }).catch(ignoreMissing)
  }
  return directory
}

export async function removeCheckout (directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

function ignoreMissing (error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
