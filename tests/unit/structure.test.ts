import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** The layers that each layer may import, besides itself and `SHARED`. Other files directly in src/ may import everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  http: ['auth', 'telemetry', 'prediction', 'cache', 'inference'],
  cli: ['prediction', 'cache', 'inference', 'models', 'create-model-manager.ts'],
  telemetry: ['prediction', 'cache', 'inference'],
  auth: ['cache'],
  prediction: ['cache', 'inference'],
  inference: ['models'],
  cache: [],
  models: []
}
/** Used by all layers; they import no layer. */
const SHARED = ['config.ts', 'config', 'errors.ts', 'logger.ts']

const MAX_FILES = 115
const MAX_LINES = 250
const MEDIAN_LINES_BELOW = 80

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).map((path) => path.replaceAll('\\', '/'))
const source = (path: string): string => readFileSync(join('src', path), 'utf8')
const layer = (path: string): string => path.split('/')[0] as string

/** The files under src/ that `path` imports, types included. */
function findImports (path: string): string[] {
  const specifiers = source(path).matchAll(/(?:^(?:import|export)\b[^'"]*?from\s*|^import\s*|\bimport\()'(\.[^']+\.ts)'/gm)
  return [...specifiers].map(([, specifier]) => normalize(join(dirname(path), specifier as string)))
}

const graph = new Map(files.map((path) => [path, findImports(path)]))

function isAllowed (from: string, to: string): boolean {
  if (layer(from) === layer(to)) return true
  if (SHARED.includes(layer(to))) return true
  if (SHARED.includes(layer(from))) return false
  return !(layer(from) in ALLOWED) || (ALLOWED[layer(from)] as readonly string[]).includes(layer(to))
}

/** Finds import cycles by depth-first search; each is a path that ends with its first file. */
function findCycles (): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, parents: readonly string[]): void => {
    if (parents.includes(path)) found.push([...parents.slice(parents.indexOf(path)), path].join(' → '))
    if (done.has(path) || parents.includes(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...parents, path])
    done.add(path)
  }
  for (const path of files) visit(path, [])
  return found
}

describe('src/', () => {
  it('imports in one direction: http → prediction → cache, inference → models', () => {
    const wrong = [...graph].flatMap(([from, targets]) => targets.filter((to) => !isAllowed(from, to)).map((to) => `${from} imports ${to}`))
    expect(wrong).toEqual([])
  })

  it('has a rule for every layer', () => {
    expect([...new Set(files.filter((path) => path.includes('/')).map(layer))].filter((name) => !SHARED.includes(name)).sort()).toEqual(Object.keys(ALLOWED).sort())
  })

  it('has no import cycle', () => {
    expect(findCycles()).toEqual([])
  })

  it('has at most 115 files, with a median below 80 lines and none over 250', () => {
    const lines = files.map((path) => source(path).trimEnd().split('\n').length).sort((a, b) => a - b)
    expect(lines.length).toBeLessThanOrEqual(MAX_FILES)
    expect(lines.at(-1)).toBeLessThanOrEqual(MAX_LINES)
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThan(MEDIAN_LINES_BELOW)
  })
})
