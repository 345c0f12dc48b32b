import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { toBody } from '../load/expected-answers.ts'
import { generateTweets } from '../load/tweets.ts'

/**
 * `npm run bench:texts` writes realistic request bodies for other load generators. Every text is new, so that a service computes it;
 * a generator that sends more requests than texts measures cache hits as well. docs/benchmarks.md has a command for each.
 */

const { values: { out, count, seed, url } } = parseArgs({
  options: {
    out: { type: 'string', default: '.cache/bench-texts' },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() | 0) },
    url: { type: 'string', default: 'http://127.0.0.1:8000' }
  }
})
if (!(Number(count) >= 1) || !Number.isInteger(Number(seed)) || !URL.canParse(url)) {
  process.stderr.write('Usage: npm run bench:texts [-- --out DIRECTORY --count NUMBER --seed INTEGER --url URL]\n')
  process.exit(2)
}

const texts = generateTweets(Number(seed), Number(count))
const bodies = texts.map(toBody)
// vegeta reads one request per line, with the body in base64.
const targets = bodies.map((body) => JSON.stringify({
  method: 'POST', url: `${url.replace(/\/$/, '')}/predict`, header: { 'content-type': ['application/json'] }, body: Buffer.from(body).toString('base64')
}))
const files = { 'texts.txt': texts, 'bodies.ndjson': bodies, 'vegeta.ndjson': targets }
await mkdir(out, { recursive: true })
for (const [name, lines] of Object.entries(files)) {
  await writeFile(`${out}/${name}`, `${lines.join('\n')}\n`)
  process.stdout.write(`${out}/${name}\n`)
}
