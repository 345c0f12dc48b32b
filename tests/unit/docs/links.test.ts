import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'
import { DOCUMENTS } from './documents.ts'

/** The anchors that GitHub gives a document's headings. */
function anchors (path: string): string[] {
  const headings = readFileSync(path, 'utf8').replace(/```[^]*?```/g, '').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, title = '']) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

it.each([...DOCUMENTS, 'docs/notes/performance-log.md'])('%s links only to files and headings that exist', (path) => {
  const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string).filter((link) => !/^[a-z]+:/.test(link))
  const broken = links.filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : normalize(join(dirname(path), file))
    return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor))
  })
  expect(broken).toEqual([])
})
