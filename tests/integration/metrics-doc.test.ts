import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { startApp } from '../support/app.ts'

const DOCUMENT = 'docs/observability.md'

/** Names with type and labels, as the document's table has them. */
function documented (): Map<string, string> {
  const rows = readFileSync(DOCUMENT, 'utf8').split('\n').filter((line) => line.startsWith('| `sentiment_'))
  return new Map(rows.flatMap((row) => {
    const [names = '', type = '', labels = ''] = row.split('|').slice(1).map((cell) => cell.trim())
    const ticked = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)
    return ticked(names).map((name) => [name, `${type} ${ticked(labels).sort().join()}`] as const)
  }))
}

it('docs/observability.md lists every series of the service with its type and labels', async () => {
  const { body } = await (await startApp()).inject('/metrics')
  const types = [...body.matchAll(/^# TYPE (sentiment_\S+) (\S+)$/gm)]
  const shown = new Map(types.map(([, name, type]) => {
    const sample = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(body)?.[1] ?? ''
    const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label as string).filter((label) => label !== 'le')
    return [name as string, `${type} ${labels.sort().join()}`] as const
  }))
  expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(shown))
})
