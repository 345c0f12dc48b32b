import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const document = readFileSync('docs/architecture.md', 'utf8')
const section = (title: string): string => document.split(/^## /m).find((part) => part.startsWith(title)) ?? ''
const path = [...section('The path of a request').matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file]) => file as string)

describe('docs/architecture.md', () => {
  it('names only modules that exist', () => {
    const modules = [...section('Modules').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string))
    expect(modules.length).toBeGreaterThan(8)
    expect([...modules.filter((name) => name !== 'src/'), ...path].filter((name) => !existsSync(join('src', name)))).toEqual([])
  })

  it('follows a cache miss through at most 15 files', () => {
    expect(path.length).toBeGreaterThan(8)
    expect(path.length).toBeLessThanOrEqual(15)
  })

  it('has a glossary of at most 12 terms', () => {
    const terms = [...section('Glossary').matchAll(/^\| (?!term|---)/gm)]
    expect(terms.length).toBeGreaterThan(0)
    expect(terms.length).toBeLessThanOrEqual(12)
  })
})
