import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { compactModel } from '../lib/model.ts'
import { startService } from '../lib/systems.ts'
import { generateTweets } from '../load/tweets.ts'

/**
 * Streams NDJSON lines through a service with the compact model and prints its resident memory (at the start, after each fifth, peak)
 * and the rate; fails if an answer is missing or out of order. The texts repeat, so most answers come from the memory cache. The start
 * is measured after a tenth of the lines, when code is compiled, the cache full and the heap at its working size. Linux only.
 */

const { values } = parseArgs({
  options: { lines: { type: 'string', default: '1000000' }, different: { type: 'string', default: '1000' } }
})
const texts = generateTweets(7, Number(values.different))

/** Sends `count` lines while reading the answers. Throws at the first line without an answer or out of order. */
async function streamLines (url: string, count: number, onFifth: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const outgoing = request(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } })
  let sent = 0
  const send = (): void => {
    while (sent < count) {
      let chunk = ''
      for (const until = Math.min(count, sent + 100); sent < until; sent++) chunk += `${JSON.stringify({ text: texts[sent % texts.length], id: sent })}\n`
      if (!outgoing.write(chunk)) return
    }
    outgoing.end()
  }
  outgoing.on('drain', send)
  const response = new Promise<IncomingMessage>((resolve, reject) => { outgoing.on('response', resolve).on('error', reject) })
  send()
  let expected = 0
  for await (const line of createInterface({ input: await response })) {
    const { id, label } = JSON.parse(line) as { id?: number, label?: string }
    if (id !== expected || label === undefined) throw new Error(`Line ${expected} was answered with ${line}`)
    if (++expected % Math.ceil(count / 5) === 0) await onFifth()
  }
  if (expected !== count) throw new Error(`${expected} of ${count} lines were answered`)
}

const count = Number(values.lines)
const service = await startService(compactModel(), {})
const server = service.process as NonNullable<typeof service.process>
try {
  await streamLines(service.url, Math.ceil(count / 10))
  const before = await server.residentMiB()
  const start = performance.now()
  const resident = [before]
  await streamLines(service.url, count, async () => { resident.push(await server.residentMiB()) })
  const seconds = (performance.now() - start) / 1000
  process.stdout.write([
    formatMachine(describeMachine()),
    '',
    '| lines | seconds | lines/s | resident memory at the start and after each fifth, MiB | peak, MiB |',
    '| --- | --- | --- | --- | --- |',
    `| ${count} | ${seconds.toFixed(1)} | ${Math.round(count / seconds)} | ${resident.map(Math.round).join(', ')} | ${Math.round(await server.peakMiB())} |`,
    ''
  ].join('\n'))
} finally {
  await server.stop()
}
