import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { k, kubectl, PATIENCE_MS, report, waitFor, type Pod } from './support/kubectl.ts'
import { killProcess, onNode } from './support/node-shell.ts'

const OVERLAY = join(import.meta.dirname, 'overlay-bulk')
const SHARDS = 4
const ROWS = 4096
const KILLED = 2

interface Job {
  status: { failed?: number, succeeded?: number, conditions?: Array<{ type: string, status: string }> }
}

async function job (): Promise<Job> {
  return JSON.parse(await k('get', 'job/sentiment-bulk', '--output', 'json')) as Job
}

it('scores a file in four shards, one of which is killed, and merges them into the output of an unsharded run', async () => {
  onTestFinished(async () => {
    await kubectl(['delete', '--kustomize', OVERLAY, '--ignore-not-found'])
    await onNode('require("node:fs").rmSync("/volumes/bulk", { recursive: true, force: true })')
  })
  await onNode(`const fs = require('node:fs')
    fs.mkdirSync('/volumes/bulk', { recursive: true })
    fs.chownSync('/volumes/bulk', 1000, 1000)
    const rows = Array.from({ length: ${ROWS} }, (_, row) => row + ',"row ' + row + ', ' + ['I love it', 'I hate this', 'it is Monday'][row % 3] + '"')
    fs.writeFileSync('/volumes/bulk/input.csv', 'id,text\\n' + rows.join('\\n') + '\\n')`)
  await kubectl(['apply', '--kustomize', OVERLAY])
  await k('wait', 'pod/sentiment-files', '--for', 'condition=Ready', '--timeout', '300s')

  // The pod is killed once its output has a checkpoint.
  const partial = `/volumes/bulk/output.shard-${KILLED}-of-${SHARDS}.csv.partial.json`
  await waitFor('a checkpoint of the shard', async () => await onNode(`console.log(require('node:fs').existsSync('${partial}'))`) === 'true' || undefined, PATIENCE_MS, 200)
  const { items: [pod] } = JSON.parse(await k('get', 'pods', '--selector', `batch.kubernetes.io/job-name=sentiment-bulk,batch.kubernetes.io/job-completion-index=${KILLED}`, '--output', 'json')) as { items: [Pod] }
  await killProcess(pod, 'dist/cli/predict.js')

  const done = await waitFor('the Job to complete', async () => {
    const { status } = await job()
    return status.conditions?.some((condition) => condition.type === 'Complete' && condition.status === 'True') === true ? status : undefined
  }, 2 * PATIENCE_MS, 1000)
  expect(done).toMatchObject({ succeeded: SHARDS, failed: 1 })
  const logs = await k('logs', '--selector', `batch.kubernetes.io/job-completion-index=${KILLED}`, '--tail', '20')
  expect(logs).toMatch(/Resuming after \d+ rows/)

  const compared = await k('exec', 'sentiment-files', '--', 'sh', '-c', [
    'node dist/cli/predict.js /data/input.csv --out /data/output.csv --merge',
    'MODEL_NAME=compact node dist/cli/predict.js /data/input.csv --out /data/whole.csv',
    'cmp /data/output.csv /data/whole.csv',
    'echo equal: $(wc -l < /data/whole.csv) lines'
  ].join(' && '))
  report(`Indexed Job, one pod killed: ${compared.split('\n').at(-1)}`)
  expect(compared).toMatch(new RegExp(`equal: ${ROWS + 1} lines$`))
})
