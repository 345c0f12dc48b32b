import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../scripts/check-licenses.js')

/** Runs the script in a project whose dependencies have these licences. */
async function check (licenses: Readonly<Record<string, string>>, dev = false): Promise<{ status: number | null, stdout: string, stderr: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'licenses-'))
  onTestFinished(async () => await rm(directory, { recursive: true }))
  const names = Object.keys(licenses)
  const dependencies = Object.fromEntries(names.map((name) => [name, '1.0.0']))
  const root = { name: 'project', version: '1.0.0', [dev ? 'devDependencies' : 'dependencies']: dependencies }
  const packages = Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0', license: licenses[name], ...(dev && { dev }) }]))
  await writeFile(join(directory, 'package.json'), JSON.stringify(root))
  await writeFile(join(directory, 'package-lock.json'), JSON.stringify({ ...root, lockfileVersion: 3, packages: { '': root, ...packages } }))
  return spawnSync(process.execPath, [SCRIPT], { cwd: directory, encoding: 'utf8' })
}

it('check-licenses accepts permissive licences and expressions of them', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = await check({ one: 'MIT', two: '(MIT OR GPL-3.0-only)', three: '(Apache-2.0 AND BSD-3-Clause)' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('3 packages, 3 of them shipped')
})

it('check-licenses names a shipped package with another licence', { timeout: 120_000 }, async () => {
  const { status, stderr } = await check({ one: 'MIT', two: 'GPL-3.0-only' })
  expect(status).toBe(1)
  expect(stderr).toContain('two@1.0.0: licence GPL-3.0-only')
  expect(stderr).not.toContain('one@')
})

it('check-licenses accepts weak copyleft only for tools that are not shipped', { timeout: 120_000 }, async () => {
  expect(await check({ tool: 'MPL-2.0' }, true)).toMatchObject({ status: 0 })
  expect(await check({ library: 'MPL-2.0' })).toMatchObject({ status: 1 })
})
