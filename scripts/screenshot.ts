import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { BrowserContextOptions } from 'playwright-core'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { createModelManager } from '../src/create-model-manager.ts'
import { findChromium, launchChromium } from '../tests/support/find-chromium.ts'

/** Takes screenshots of the page with answers of the embedded model: `npm run screenshot [-- DIRECTORY]`, after a build. */

const [, , directory = 'docs/images'] = process.argv
const config = await loadConfig({ MODEL_NAME: 'compact', MODEL_DIR: await mkdtemp(join(tmpdir(), 'models-')) })
const workerUrl = new URL('../dist/inference/worker.js', import.meta.url)
const app = await buildApp({ config, modelManager: createModelManager(config, { workerUrl, logger: pino({ level: 'warn' }) }) })
await app.listen({ host: '127.0.0.1', port: 0 })
const browser = await launchChromium(findChromium())

async function takeScreenshot (name: string, example: string, options: BrowserContextOptions): Promise<void> {
  const page = await browser.newPage({ ...options, reducedMotion: 'reduce' })
  await page.goto(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  await page.getByRole('button', { name: example }).click()
  await page.locator('#result').waitFor()
  await page.locator('#state[data-state="ok"]').waitFor()
  await page.screenshot({ path: join(directory, name), fullPage: true })
  await page.close()
}

const desktop = { width: 840, height: 600 }
await takeScreenshot('page.png', 'The food was wonderful. The waiter was rude and we waited an hour!', { viewport: desktop, colorScheme: 'light' })
if (directory !== 'docs/images') {
  await takeScreenshot('dark.png', '6 reviews', { viewport: desktop, colorScheme: 'dark' })
  await takeScreenshot('phone.png', '6 reviews', { viewport: { width: 360, height: 700 }, colorScheme: 'light' })
}
await browser.close()
await app.close()
