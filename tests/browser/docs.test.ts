import { describe, expect, it } from 'vitest'
import { useBrowser, visit } from './support/page.ts'

describe('/docs', () => {
  useBrowser()

  it('lists the operations and sends a request to the service', async () => {
    const { page } = await visit({}, {}, '/docs')
    const predict = page.locator('.opblock', { has: page.locator('[data-path="/predict"]') })
    await predict.locator('.opblock-summary').click()
    await predict.getByRole('button', { name: 'Try it out' }).click()
    await predict.locator('textarea').fill('{"text": "what a day"}')
    await predict.getByRole('button', { name: 'Execute' }).click()
    const answer = predict.locator('.live-responses-table .response')
    await answer.waitFor()
    expect(await answer.locator('.response-col_status').innerText()).toMatch(/^200/)
    expect(await answer.innerText()).toMatch(/"label"/)
    const paths = await page.locator('[data-path]').evaluateAll((elements) => elements.map((element) => element.getAttribute('data-path')))
    expect(paths).toEqual(expect.arrayContaining(['/', '/predict', '/health', '/info', '/metrics']))
  })
})
