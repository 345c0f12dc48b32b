import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { Service } from '../support/service.ts'
import { Stack } from './support/stack.ts'
import { report } from './support/wait.ts'

/** First paths of the crawl. */
const ENTRY_POINTS = ['/', '/docs', '/openapi.json', '/metrics', '/info', '/health', '/health/live', '/no-such-path']

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag') })
  await stack.make('up')
})

afterAll(async () => { await stack.remove() })

/** Returns status and media type of every path that the entry points link to through `src` and `href`. */
async function crawl (url: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const open = [...ENTRY_POINTS]
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    const response = await fetch(url + path)
    const body = await response.text()
    const type = response.headers.get('content-type')?.split(';')[0]
    found[path] = `${response.status} ${type} ${body === '' ? 'empty' : 'not empty'}`
    if (type !== 'text/html') continue
    for (const [, link] of body.matchAll(/(?:src|href)="([^"#]+)"/g)) {
      const next = new URL(link as string, response.url)
      if (next.origin === url && !(next.pathname in found) && !open.includes(next.pathname)) open.push(next.pathname)
    }
  }
  return found
}

it('the image serves every path as the working copy does, including the files of its pages', async () => {
  const service = await Service.start({ MODEL_NAME: 'compact' })
  await service.until('ok')
  const here = await crawl(`http://127.0.0.1:${service.port}`)
  const inImage = await crawl(stack.url)
  report(`${Object.keys(inImage).length} paths: ${Object.keys(inImage).join(' ')}`)
  expect(inImage).toEqual(here)
  expect(Object.values(inImage).filter((answer) => answer.startsWith('5'))).toEqual([])
})
