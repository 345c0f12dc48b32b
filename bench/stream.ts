import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { describeMachine, machineLine } from './lib/machine.ts'
import { compactModel } from './lib/model.ts'
import { startService } from './lib/participants.ts'
import { tweets } from './lib/tweets.ts'

/**
 * Streams NDJSON lines through a service of its own (the compact model; the texts repeat, so that most come from memory) and
 * prints the service's resident memory at the start, on the way and at its peak, the rate, and whether the order held. Linux only: the
 * peak is the kernel's. The start is measured after a first stream of a tenth of the lines, when code is compiled, the cache full, and
 * the heap as large as the collector lets it become.
 */

const { values } = parseArgs({
  options: { lines: { type: 'string', default: '1000000' }, different: { type: 'string', default: '1000' } }
})
const texts = tweets(7, Number(values.different))

/** Sends `count` lines while it reads the answers; throws at the first that is out of order or no answer. */
async function stream (url: string, count: number, onFifth: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const outgoing = request(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } })
  let sent = 0
  const send = (): void => {
    while (sent < count) {
      let piece = ''
      for (const until = Math.min(count, sent + 100); sent < until; sent++) piece += `${JSON.stringify({ text: texts[sent % texts.length], id: sent })}\n`
      if (!outgoing.write(piece)) return
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
  await stream(service.url, Math.ceil(count / 10))
  const before = await server.residentMiB()
  const start = performance.now()
  const resident = [before]
  await stream(service.url, count, async () => { resident.push(await server.residentMiB()) })
  const seconds = (performance.now() - start) / 1000
  process.stdout.write([
    machineLine(describeMachine()),
    '',
    '| lines | seconds | lines/s | resident at the start and after each fifth, MiB | peak | order |',
    '| --- | --- | --- | --- | --- | --- |',
    `| ${count} | ${seconds.toFixed(1)} | ${Math.round(count / seconds)} | ${resident.map(Math.round).join(', ')} | ${Math.round(await server.peakMiB())} | right |`,
    ''
  ].join('\n'))
} finally {
  await server.stop()
}
