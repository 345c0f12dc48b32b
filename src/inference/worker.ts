import { parentPort } from 'node:worker_threads'
import { Classifier } from './classifier.ts'
import type { LoadMessage, MainMessage, ResultMessage, RunFailedMessage, WorkerMessage } from './messages.ts'
import { takeNextText, type Seat } from './next-text.ts'

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
    const classifier = await Classifier.load(startup)
    // The first run allocates the session's memory; the second costs what the next ones will.
    await classifier.classify(WARMUP_TEXT)
    const { inferenceMs } = await classifier.classify(WARMUP_TEXT)
    loaded = { classifier, seat }
    send({ type: 'ready', labels: classifier.labels, maxTokens: classifier.maxTokens, warmupMs: inferenceMs })
  } catch (error) {
    send({ type: 'load-failed', reason: reasonOf(error) })
    parentPort?.close()
  }
}

/** Answers the text, and after it those that lie ready. */
async function answer (text: string): Promise<void> {
  if (loaded === undefined) return
  const { classifier, seat } = loaded
  for (let next: string | undefined = text; next !== undefined;) {
    let message: ResultMessage | RunFailedMessage
    try {
      message = await classifier.classify(next)
    } catch (error) {
      message = { type: 'run-failed', reason: reasonOf(error) }
    }
    next = takeNextText(seat)
    send({ ...message, took: next !== undefined })
  }
}

parentPort?.on('message', (message: MainMessage) => {
  void (message.type === 'load' ? load(message) : answer(message.text))
})
