import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every document of the repository for readers, by its path. The performance log may name what no longer exists. */
export const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', 'models/compact/MODEL_CARD.md',
  'src/inference/unpadded-batch/README.md', ...readdirSync('docs').filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]

/** The code blocks and code spans of a document. */
export function readCode (path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const blocks = [...text.matchAll(/^ *```[^\n]*\n([^]*?)^ *```/gm)].map(([, code]) => code as string)
  const spans = [...text.replace(/^ *```[^]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code as string)
  return [...blocks, ...spans]
}
