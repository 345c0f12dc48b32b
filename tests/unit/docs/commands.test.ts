import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DOCUMENTS, readCode } from './documents.ts'

const MAKEFILES = ['Makefile', 'docker/docker.mk'].map((path) => readFileSync(path, 'utf8')).join('\n')
const TARGETS = new Set([...MAKEFILES.matchAll(/^([a-z-]+):/gm)].map(([, name]) => name as string))
const { scripts: SCRIPTS } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

const CONSTANT = '[A-Z][A-Z0-9]*(_[A-Z0-9]+)+'
/** A former name, which the changelog keeps, and variables that OpenTelemetry's exporter reads. */
const ELSEWHERE = ['RATE_LIMIT_PER_MINUTE', 'OTEL_EXPORTER_OTLP_TIMEOUT', 'OTEL_EXPORTER_OTLP_COMPRESSION']
/** Settings, error codes and other constants of all files that are not documents. */
const CONSTANTS = new Set([...ELSEWHERE, ...spawnSync('git', ['grep', '-ohwE', '--untracked', CONSTANT, '--', ':!*.md'], { encoding: 'utf8', maxBuffer: 2 ** 26 }).stdout.split('\n')])

/** Created when the service or the benchmarks run. */
const GENERATED = /^(docker\/secrets|bench\/results)/

function findAll (path: string, pattern: RegExp): string[] {
  return [...new Set(readCode(path).flatMap((code) => [...code.matchAll(pattern)].map(([, name]) => name as string)))]
}

it.each(DOCUMENTS)('%s names only make targets that exist', (path) => {
  const targets = findAll(path, /\bmake ((?:[a-z-]+(?![\w=/.-])(?: |$))+)/gm).flatMap((names) => names.trim().split(/ +/))
  expect(targets.filter((name) => !TARGETS.has(name))).toEqual([])
})

it.each(DOCUMENTS)('%s names only npm scripts that exist', (path) => {
  expect(findAll(path, /\bnpm run ([\w:-]+)/g).filter((name) => !(name in SCRIPTS))).toEqual([])
})

it.each(DOCUMENTS)('%s names only files of the repository that exist', (path) => {
  const files = findAll(path, /(?:^|\s)((?:docs|src|tests|bench|scripts|docker|deploy|public|models\/compact|training|\.github|\.ci)\/[\w./-]*\w)/g)
  expect(files.filter((name) => !GENERATED.test(name) && !existsSync(name))).toEqual([])
})

it.each(DOCUMENTS)('%s names only settings, error codes and variables that exist', (path) => {
  expect(findAll(path, new RegExp(`\\b(${CONSTANT})\\b`, 'g')).filter((name) => !CONSTANTS.has(name))).toEqual([])
})
