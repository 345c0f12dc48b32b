import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, onTestFinished } from 'vitest'
import { startApp, type TestAppOptions } from '../../support/app.ts'
import { launchChromium } from '../../support/find-chromium.ts'

let browser: Browser

/** Starts one browser for all tests of a file. */
export function useBrowser (): void {
  beforeAll(async () => {
    browser = await launchChromium(inject('chromium'))
  })
  afterAll(() => browser?.close())
}

export interface Visit {
  page: Page
  app: FastifyInstance
  /** Console errors, without the browser's own message about a failed request. */
  errors: string[]
}

/** Starts a service and opens a page of it. A request to another host or a console error fails the test. */
export async function visit (options: TestAppOptions = {}, context: BrowserContextOptions = {}, path = '/'): Promise<Visit> {
  const app = await startApp(options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const opened = await browser.newContext(context)
  const page = await opened.newPage()
  page.setDefaultTimeout(90_000)
  const errors: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => { if (!request.url().startsWith(`${origin}/`)) foreign.push(request.url()) })
  onTestFinished(async () => {
    await opened.close()
    expect(foreign).toEqual([])
    expect(errors).toEqual([])
  })
  await page.goto(`${origin}${path}`)
  return { page, app, errors }
}
