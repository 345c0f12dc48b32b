import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BUILT_WORKER } from '../support/app.ts'
import { useBrowser, visit } from './support/page.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Writes a worker that loads its model only once the file `gate` exists. A worker thread gets neither environment nor query. */
async function lateWorker (gate: string): Promise<URL> {
  const file = `${gate}.mjs`
  onTestFinished(() => rm(file))
  await writeFile(file, `import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
while (!existsSync(${JSON.stringify(gate)})) await setTimeout(20)
await import(${JSON.stringify(BUILT_WORKER.href)})
`)
  return pathToFileURL(file)
}

const type = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Text', { exact: true }).fill(text)
  await page.keyboard.press('Control+Enter')
}
const seen = (page: Page, id: string): Promise<string> => page.locator(`#${id}:visible`).innerText()

async function violations (page: Page): Promise<unknown[]> {
  await page.addScriptTag({ path: AXE })
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Array<{ id: string, nodes: Array<{ html: string }> }> }> } }
    return (await axe.run()).violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
  })
}

describe('the page', () => {
  useBrowser()

  it('shows scores, model, cache state and stage times, and announces them to a screen reader', async () => {
    const { page } = await visit()
    await type(page, 'what a day')
    await page.locator('#result').waitFor()
    expect(await seen(page, 'verdict')).toMatch(/^(Negative|Neutral|Positive), \d+\.\d %$/)
    expect(await page.locator('#bars progress').count()).toBe(3)
    expect(await seen(page, 'facts')).toMatch(/Model\s+compact[\s\S]*Cached\s+no[\s\S]*Queue\s+[\d.]+ ms[\s\S]*Inference\s+[\d.]+ ms/)
    expect(await page.locator('[role=status]').innerText()).toContain('Answered by compact.')
    await page.getByRole('button', { name: 'Analyze' }).click()
    await vi.waitFor(async () => { expect(await seen(page, 'facts')).toMatch(/Cached\s+yes/) }, { timeout: 60_000 })
  })

  it('shows many lines as a list with their distribution', async () => {
    const { page } = await visit()
    await page.getByLabel('One text per line').check()
    const lines = Array.from({ length: 70 }, (_, index) => `line number ${index}`)
    await page.locator('#text').fill(`\n${lines.join('\n\n')}\n`)
    await page.keyboard.press('Control+Enter')
    await page.locator('#verdict', { hasText: '70 lines, most often' }).waitFor()
    expect(await page.locator('#lines li span:nth-child(2)').allInnerTexts()).toEqual(lines)
    const counts = (await page.locator('#bars .value').allInnerTexts()).map((value) => Number(value.split(' ')[0]))
    expect(counts.reduce((sum, count) => sum + count)).toBe(70)
  })

  it('analyzes an example when it is clicked', async () => {
    const { page } = await visit()
    await page.getByRole('button', { name: '6 reviews' }).click()
    await page.locator('#verdict', { hasText: '6 lines, most often' }).waitFor()
    await page.getByRole('button', { name: 'I love this!' }).click()
    await page.locator('#shown-text', { hasText: 'I love this!' }).waitFor()
  })

  it('shows markup in a text without interpreting it', async () => {
    const { page } = await visit()
    const text = '<img src=x onerror="document.title=\'broken\'"><b>bold</b>'
    await type(page, text)
    expect(await seen(page, 'shown-text')).toBe(text)
    expect(await page.locator('#result img, #result b').count()).toBe(0)
    expect(await page.title()).toBe('Sentiment')
  })

  it('retries while the model loads, and then shows the answer', async () => {
    const gate = join(tmpdir(), `gate-${randomUUID()}`)
    const { page } = await visit({ workerUrl: await lateWorker(gate), ready: false })
    await type(page, 'early bird')
    await page.getByText('The model is not ready yet').waitFor()
    expect(await seen(page, 'state')).toContain('Loading the model')
    await writeFile(gate, '')
    await page.locator('#result').waitFor()
    expect(await page.locator('#problem').isHidden()).toBe(true)
  })

  it('marks each sentence with its label and score, on hover and for screen readers', async () => {
    const { page } = await visit({}, { bypassCSP: true })
    await type(page, 'The food was great! The waiter was rude.')
    await page.locator('#result').waitFor()
    const sentences = page.locator('#shown-text .sentence')
    expect(await sentences.count()).toBe(2)
    const title = await sentences.first().getAttribute('title')
    expect(title).toMatch(/^(negative|neutral|positive) \d+\.\d %$/)
    expect(await sentences.first().textContent()).toBe(`The food was great! (${title})`)
    expect(await seen(page, 'facts')).toMatch(/Sentences\s+2/)
    expect(await violations(page)).toEqual([])
  })

  it('warns of a text in a script that the model cannot read', async () => {
    const { page } = await visit()
    await type(page, '이 영화는 끔찍했다')
    await page.locator('#script-warning:visible').waitFor()
    expect(await page.locator('[role=status]').innerText()).toContain('cannot read this script')
    await type(page, 'This film was horrible')
    await page.locator('#shown-text', { hasText: 'horrible' }).waitFor()
    expect(await page.locator('#script-warning').isHidden()).toBe(true)
  })

  it('warns if the fallback model answered', async () => {
    const { page } = await visit({ env: { MODEL_NAME: 'somebody/else', MODEL_FALLBACK: 'compact', HF_ENDPOINT: 'http://127.0.0.1:1' } })
    await type(page, 'who is it')
    expect(await seen(page, 'fallback')).toBe('The fallback model compact answered, because somebody/else is not loaded yet.')
  })

  it('requests an API key if one is required, and stores it only in this tab', async () => {
    const { page } = await visit({ env: { API_KEYS: 'the-key-of-this-test' } })
    await type(page, 'let me in')
    await page.getByText('An API key is required').waitFor()
    await page.getByLabel('API key').fill('not-the-right-key-at-all')
    await page.keyboard.press('Enter')
    await page.getByText('Wrong API key').waitFor()
    await page.getByLabel('API key').fill('the-key-of-this-test')
    await page.keyboard.press('Enter')
    await page.locator('#result').waitFor()
    expect(await page.locator('#key-form').isHidden()).toBe(true)
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, ''])
  })

  it.each([
    ['the text is empty', {}, '  ', 'The text is empty'],
    ['the text is too long', { MAX_TEXT_LENGTH: '20' }, 'a text of more than twenty characters', 'The text is too long']
  ])('shows a message if %s', async (_case, env, text, words) => {
    const { page } = await visit({ env })
    await page.waitForLoadState('networkidle')
    await type(page, text)
    expect(await page.getByRole('alert').innerText()).toContain(words)
  })

  it('shows when to try again after too many requests', async () => {
    const { page } = await visit({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '1' } })
    await page.waitForLoadState('networkidle')
    await type(page, 'once')
    await page.locator('#result').waitFor()
    await type(page, 'twice')
    await page.getByText('Too many requests').waitFor()
    expect(await page.getByRole('alert').innerText()).toMatch(/Try again in \d+ s/)
  })

  it('shows that the service cannot be reached, and keeps the text', async () => {
    const { page, app } = await visit()
    await page.waitForLoadState('networkidle')
    await app.close()
    await type(page, 'anybody there')
    await page.getByText('The service cannot be reached').waitFor()
    expect(await page.locator('#text').inputValue()).toBe('anybody there')
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true)
  })

  it.each([
    ['light', { colorScheme: 'light' as const, viewport: { width: 1100, height: 900 } }],
    ['dark', { colorScheme: 'dark' as const, viewport: { width: 1100, height: 900 } }],
    ['on a phone', { colorScheme: 'light' as const, viewport: { width: 360, height: 740 } }]
  ])('is accessible and fits the viewport (%s)', async (_case, context) => {
    const { page } = await visit({}, { ...context, bypassCSP: true, reducedMotion: 'reduce' })
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: '6 reviews' }).click()
    await page.locator('#verdict', { hasText: '6 lines' }).waitFor()
    await page.evaluate('for (const id of ["problem", "key-form", "fallback"]) document.getElementById(id).hidden = false; document.getElementById("problem-title").textContent = "A problem"')
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  })

  it('has a strict content security policy, and browsers revalidate it', async () => {
    const { app } = await visit()
    const { headers } = await app.inject('/')
    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self';style-src 'self'")
    expect(headers['x-content-type-options']).toBe('nosniff')
    const script = await app.inject('/assets/page.js')
    expect(script.headers['cache-control']).toContain('max-age=0')
    expect((await app.inject({ url: '/assets/page.js', headers: { 'if-none-match': String(script.headers.etag) } })).statusCode).toBe(304)
    expect((await app.inject('/assets/nothing.js')).json()).toMatchObject({ code: 'NOT_FOUND' })
  })
})
