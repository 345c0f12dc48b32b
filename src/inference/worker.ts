import { parentPort } from 'node:worker_threads'
import { Classifier } from './classifier.ts'
import type { LoadMessage, MainMessage, TextOutcome, WorkerMessage } from './protocol.ts'
import { takeNextRun, type Seat } from './next-run.ts'

/** Long enough to touch every kernel and to give a first estimate of a tweet's cost. */
const WARMUP_TEXT = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all!'

let loaded: { classifier: Classifier, seat: Seat } | undefined

function send (message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function load ({ startup, seat }: LoadMessage): Promise<void> {
  try {
    await loaded?.classifier.release()
    const classifier = await Classifier.load(startup)
    // The first run allocates the session's memory; the second costs what the next ones will.
    await classifier.classify([WARMUP_TEXT])
    const start = performance.now()
    await classifier.classify([WARMUP_TEXT])
    const warmupMs = performance.now() - start
    loaded = { classifier, seat }
    const { labels, maxTokens, lanes, lanesProblem } = classifier
    send({ type: 'ready', labels, maxTokens, warmupMs, lanes, ...(lanesProblem !== undefined && { lanesProblem }) })
  } catch (error) {
    send({ type: 'load-failed', reason: reasonOf(error) })
    parentPort?.close()
  }
}

/** Runs the texts together, or each alone where that fails: one that the model cannot take costs the others nothing. */
async function outcomesOf (classifier: Classifier, texts: readonly string[]): Promise<TextOutcome[]> {
  try {
    return await classifier.classify(texts)
  } catch (error) {
    if (texts.length === 1) return [{ failure: reasonOf(error) }]
    const outcomes: TextOutcome[] = []
    for (const text of texts) outcomes.push(...await outcomesOf(classifier, [text]))
    return outcomes
  }
}

/** Answers the texts, and after them those that lie ready. */
async function answer (texts: readonly string[]): Promise<void> {
  if (loaded === undefined) return
  const { classifier, seat } = loaded
  for (let next: readonly string[] | undefined = texts; next !== undefined;) {
    const outcomes: TextOutcome[] = await outcomesOf(classifier, next)
    next = takeNextRun(seat)
    send({ type: 'answer', outcomes, took: next !== undefined })
  }
}

parentPort?.on('message', (message: MainMessage) => {
  void (message.type === 'load' ? load(message) : answer(message.texts))
})
