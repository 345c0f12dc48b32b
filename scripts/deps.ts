import { findChromium } from '../tests/support/find-chromium.ts'
import { findProgram, hasProgram } from '../tests/support/find-program.ts'

/** Lists the programs that the tests start, and installs missing ones with apt if this is Debian and the user is root. */

const NEEDED: readonly { name: string, find: () => string | undefined, install: string }[] = [
  { name: 'redis-server', find: () => findProgram(['redis-server', 'valkey-server'], 'redis-server'), install: 'apt install redis-server, brew install redis' },
  { name: 'prometheus', find: () => findProgram(['promtool'], 'prometheus') && findProgram(['prometheus'], 'prometheus'), install: 'apt install prometheus, brew install prometheus' },
  { name: 'nginx', find: () => findProgram(['nginx'], 'nginx'), install: 'apt install nginx, brew install nginx' },
  { name: 'chromium', find: findChromium, install: 'apt install chromium, brew install chromium, or set CHROMIUM_PATH' }
]

const canInstall = process.getuid?.() === 0 && hasProgram('apt-get')
process.stdout.write(`The tests start Redis, Prometheus, nginx and Chromium; ${canInstall ? 'missing programs are installed with apt-get' : 'missing programs must be installed by hand'}\n`)
const missing = NEEDED.filter(({ name, find, install }) => {
  const found = find()
  process.stdout.write(found === undefined ? `${name}: missing (${install})\n` : `${name}: ${found}\n`)
  return found === undefined
})
process.exitCode = missing.length === 0 ? 0 : 1
