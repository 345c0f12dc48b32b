import { spawnSync } from 'node:child_process'
import { chromium, type Browser } from 'playwright-core'
import { findProgram } from './find-program.ts'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Returns the path of Chromium: CHROMIUM_PATH, or one that `findProgram` finds or installs; undefined if there is none. */
export function findChromium (): string | undefined {
  const given = process.env.CHROMIUM_PATH
  if (given !== undefined && given !== '') return given
  const found = findProgram(PROGRAMS, 'chromium', 'fonts-dejavu-core')
  return found === undefined ? undefined : spawnSync('which', [found], { encoding: 'utf8' }).stdout.trim()
}

/** Starts the browser that `findChromium` found. Throws if there is none. */
export async function launchChromium (executablePath: string | undefined): Promise<Browser> {
  if (executablePath === undefined) throw new Error('The tests of the page need Chromium: install it (apt install chromium, brew install chromium), or set CHROMIUM_PATH')
  // In a container, Chromium has no sandbox and little shared memory.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
