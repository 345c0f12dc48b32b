import { spawnSync } from 'node:child_process'
import { chromium, type Browser } from 'playwright-core'
import { findProgram } from './find-program.ts'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Path of a Chromium program: CHROMIUM_PATH, or what `findProgram` finds or installs; undefined where there is none. */
export function findChromium (): string | undefined {
  const given = process.env.CHROMIUM_PATH
  if (given !== undefined && given !== '') return given
  const found = findProgram(PROGRAMS, 'chromium', 'fonts-dejavu-core')
  return found === undefined ? undefined : spawnSync('which', [found], { encoding: 'utf8' }).stdout.trim()
}

/** Starts the browser that `findChromium` found. Throws where it found none. */
export async function launchChromium (executablePath: string | undefined): Promise<Browser> {
  if (executablePath === undefined) throw new Error('The tests of the page need Chromium: install it (apt install chromium, brew install chromium), or name it in CHROMIUM_PATH')
  // A container gives Chromium no sandbox of its own, and little shared memory.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
