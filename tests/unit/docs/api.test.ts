import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as errors from '../../../src/errors.ts'

/** Every code of the catalogue with its status: the constructors', and those that only a function creates. */
function catalogue (): Record<string, number> {
  const constructors = Object.values(errors).flatMap((value) =>
    typeof value === 'function' && /^Fastify/.test(value.name) ? [new (value as new () => Error)()] : [])
  const created = [errors.textTooLong(0, 1, 'characters', 1), errors.overloaded(1), errors.rateLimited('', 1), errors.notReady('')]
  return Object.fromEntries([...constructors, ...created].map((error) => {
    const { code, statusCode } = error as Error & { code: string, statusCode: number }
    return [code, statusCode]
  }))
}

it('docs/api.md lists every error code with its status', () => {
  const rows = readFileSync('docs/api.md', 'utf8').matchAll(/^\| [^|]+ \| (\d{3}) \| `([A-Z_]+)` \|$/gm)
  const documented = Object.fromEntries([...rows].map(([, status, code]) => [code as string, Number(status)]))
  expect(documented).toEqual(catalogue())
})

it('every error code of the catalogue has a title', () => {
  expect(Object.keys(errors.PROBLEM_TITLES).sort()).toEqual(Object.keys(catalogue()).sort())
})
