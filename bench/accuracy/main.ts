import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { measureCalibration, type Calibration } from './calibration.ts'
import { fetchLabels, parseExamples, predictAll, type Run } from './client.ts'
import { agreement, summarize, type Summary } from './metrics.ts'

const USAGE = `Usage: npm run bench:accuracy -- --data FILE.tsv [--url URL] [--compare-url URL] [--batch N] [--json FILE]

Measures the model of a running service on labelled texts (LABEL<TAB>TEXT a line). With --compare-url a second service,
for example the same model with MODEL_DTYPE=fp32, is measured on the same texts and compared.
`

const options = {
  data: { type: 'string' },
  url: { type: 'string', default: 'http://127.0.0.1:8000' },
  'compare-url': { type: 'string' },
  batch: { type: 'string', default: '64' },
  json: { type: 'string' }
} as const

function readArguments () {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

const values = readArguments()

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function show ({ model, textsPerSecond }: Run, summary: Summary, { ece, brier, nll, thresholds }: Calibration, labels: readonly string[]): void {
  const { accuracy, macroRecall, interval: [low, high], recall, confusion } = summary
  process.stdout.write([
    `model         ${model}`,
    `accuracy      ${accuracy.toFixed(4)}`,
    `macro recall  ${macroRecall.toFixed(4)} (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)})`,
    ...labels.map((label, index) => `recall        ${(recall[index] as number).toFixed(4)} ${label}`),
    `calibration   error ${ece.toFixed(4)} (15 bins), Brier score ${brier.toFixed(4)}, negative log likelihood ${nll.toFixed(4)}`,
    ...thresholds.map(({ score, answered, accuracy }) => `score >= ${score.toFixed(1)}  ${percent(accuracy)} correct of the ${percent(answered)} answered`),
    `rate          ${textsPerSecond.toFixed(0)} texts/s`,
    `confusion     rows: true, columns: ${labels.join(', ')}`,
    ...confusion.map((row, index) => `${(labels[index] as string).padEnd(14)}${row.map((count) => String(count).padStart(7)).join('')}`),
    ''
  ].join('\n'))
}

async function main (data: string): Promise<void> {
  const labels = await fetchLabels(values.url)
  const examples = parseExamples(await readFile(data, 'utf8'), labels)
  const results = []
  for (const url of [values.url, values['compare-url']].filter((item) => item !== undefined)) {
    const run = await predictAll(url, examples, labels, Number(values.batch))
    const summary = summarize(run.outcomes, labels.length)
    const calibration = measureCalibration(run.outcomes)
    show(run, summary, calibration, labels)
    results.push({ url, ...run, summary, calibration })
  }
  const [first, second] = results
  if (first !== undefined && second !== undefined) {
    process.stdout.write(`macro recall differs by ${(first.summary.macroRecall - second.summary.macroRecall).toFixed(4)}; labels agree on ${(100 * agreement(first.outcomes, second.outcomes)).toFixed(2)} %\n`)
  }
  if (values.json !== undefined) {
    const report = results.map(({ url, model, textsPerSecond, summary, calibration }) => ({ url, model, textsPerSecond, ...summary, calibration }))
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

if (values.data === undefined || !(Number(values.batch) >= 1)) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  await main(values.data).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
