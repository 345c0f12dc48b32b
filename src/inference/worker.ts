import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { Classifier } from './classifier.ts'
import { WARMUP_TEXT, type MainMessage, type ModelLoadOptions, type TextOutcome, type WorkerMessage } from './protocol.ts'

/**
 * Nice value of the thread while it computes texts, so that the main thread gets a core immediately although every core computes:
 * 7 % more texts per second and a p99 17 % lower with AVX-512 VNNI (`miss`, 2 cores, measured with 10). Where a run takes three
 * times as long (AVX2) there is no difference. The first load is not slowed down.
 */
const NICE = 5

let classifier: Classifier | undefined

function send (message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

function reasonFor (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function load (options: ModelLoadOptions): Promise<void> {
  try {
    await classifier?.release()
    const loaded = await Classifier.load(options)
    // The first run allocates the session's memory; the second one takes as long as later runs.
    await loaded.classify([WARMUP_TEXT])
    const start = performance.now()
    await loaded.classify([WARMUP_TEXT])
    const warmupMs = performance.now() - start
    classifier = loaded
    // On Linux, a priority applies to the calling thread only; on other systems, it would slow down the whole process. A process with a
    // lower priority, such as one started by `nice -n 10`, may not raise it without privileges.
    if (process.platform === 'linux' && getPriority() < NICE) setPriority(NICE)
    const { labels, scoreFunction, maxTokens, maxTextsPerRun, batchingDisabledReason } = loaded
    send({ type: 'ready', labels, scoreFunction, maxTokens, warmupMs, maxTextsPerRun, ...(batchingDisabledReason !== undefined && { batchingDisabledReason }) })
  } catch (error) {
    send({ type: 'load-failed', reason: reasonFor(error) })
    parentPort?.close()
  }
}

/** Computes the texts in one run. If the run fails, computes each text alone, so that one text does not fail the others. */
async function compute (model: Classifier, texts: readonly string[]): Promise<TextOutcome[]> {
  try {
    return await model.classify(texts)
  } catch (error) {
    if (texts.length === 1) return [{ failure: reasonFor(error) }]
    const outcomes: TextOutcome[] = []
    for (const text of texts) outcomes.push(...await compute(model, [text]))
    return outcomes
  }
}

async function run (texts: readonly string[]): Promise<void> {
  if (classifier !== undefined) send({ type: 'run-result', outcomes: await compute(classifier, texts) })
}

parentPort?.on('message', (message: MainMessage) => {
  void (message.type === 'load' ? load(message.options) : run(message.texts))
})
