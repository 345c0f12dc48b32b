import { readFileSync, statSync } from 'node:fs'
import { quote } from './problem.ts'

const MAX_BYTES = 65_536

/**
 * The secret in a file, as Docker and Kubernetes mount them: without white space at its ends; lines are joined by commas.
 * @throws {RangeError} whose message completes "KEY …" and never contains the content
 */
export function readSecretFile (path: string): string {
  let content: string
  try {
    if (statSync(path).size > MAX_BYTES) throw new RangeError(`comes from ${quote(path)}, which is larger than ${MAX_BYTES} bytes`)
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof RangeError) throw error
    throw new RangeError(`comes from ${quote(path)}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
  const lines = content.replace(/^\uFEFF/, '').split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== '')
  if (lines.length === 0) throw new RangeError(`comes from ${quote(path)}, which is empty`)
  return lines.join(',')
}
