import { spawnSync } from 'node:child_process'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** A Chromium program: CHROMIUM_PATH, from the PATH, or installed with apt where this is Debian and the user is root. */
export function findChromium (): string {
  const given = process.env.CHROMIUM_PATH
  if (given !== undefined && given !== '') return given
  const found = onPath()
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    process.stderr.write('No chromium on the PATH: installing it with apt-get\n')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['update'], { stdio: 'ignore', env })
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], { stdio: ['ignore', 'ignore', 'inherit'], env })
    const installed = onPath()
    if (installed !== undefined) return installed
  }
  throw new Error('The tests of the page need Chromium: install it (apt install chromium, brew install chromium), or name it in CHROMIUM_PATH')
}

function onPath (): string | undefined {
  return PROGRAMS.map((program) => spawnSync('which', [program], { encoding: 'utf8' }).stdout?.trim()).find((path) => path !== undefined && path !== '')
}
