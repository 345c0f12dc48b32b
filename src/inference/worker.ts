import { parentPort, workerData } from 'node:worker_threads'
import { Classifier } from './classifier.ts'
import type { RunMessage, StartupMessage, WorkerMessage } from './messages.ts'

/** Long enough to touch every kernel and to give a first estimate of a tweet's cost. */
const WARMUP_TEXT = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all!'

function send (message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

try {
  const classifier = await Classifier.load(workerData as StartupMessage)
  // The first run allocates the session's memory; the second costs what the next ones will.
  await classifier.classify(WARMUP_TEXT)
  const { inferenceMs } = await classifier.classify(WARMUP_TEXT)
  parentPort?.on('message', ({ text }: RunMessage) => {
    classifier.classify(text).then(send, (error: unknown) => {
      send({ type: 'run-failed', reason: reasonOf(error) })
    })
  })
  send({ type: 'ready', labels: classifier.labels, maxTokens: classifier.maxTokens, warmupMs: inferenceMs })
} catch (error) {
  send({ type: 'load-failed', reason: reasonOf(error) })
}
