import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

/** Installs the locked dependencies if they are missing or out of date, and builds. */

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) process.exit(status ?? 1)
}
const modified = (path) => existsSync(path) ? statSync(path).mtimeMs : 0

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node ${process.version} is too old: this project needs Node 20.19 or later (.nvmrc names the version it is built with)\n`)
  process.exit(1)
}
// npm writes this file at the end of every installation.
if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) run('npm', 'ci', '--no-audit', '--no-fund')
run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
