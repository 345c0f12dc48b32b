import { expect, it } from 'vitest'
import { startApp } from '../support/app.ts'

/** Where a proxy serves the service; it removes this part of the path. */
const PREFIX = '/team/sentiment'

it.each(['/', '/docs', '/docs/'])('the page at %s finds its files and the API behind a path prefix', async (path) => {
  const app = await startApp()
  const resolve = (url: string): string => {
    const { origin, pathname } = new URL(url, `https://proxy.example${PREFIX}${path}`)
    expect(origin).toBe('https://proxy.example')
    expect(pathname).toMatch(new RegExp(`^${PREFIX}/`))
    return pathname.slice(PREFIX.length)
  }
  const page = await app.inject(path)
  const links = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url]) => url as string).filter((url) => !/^https?:/.test(url))
  expect(links.length).toBeGreaterThanOrEqual(3)
  for (const url of links) {
    const { statusCode, headers } = await app.inject(resolve(url))
    expect([200, 302], url).toContain(statusCode)
    if (headers.location !== undefined) resolve(headers.location)
  }
})

it('each copy of the OpenAPI document names the server relative to its own address', async () => {
  const app = await startApp({ ready: false })
  for (const path of ['/openapi.json', '/docs/json']) {
    const { servers } = (await app.inject(path)).json() as { servers: { url: string }[] }
    expect(servers.map(({ url }) => new URL(url, `https://proxy.example${PREFIX}${path}`).pathname)).toEqual([`${PREFIX}/`])
  }
})
