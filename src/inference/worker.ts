import { parentPort } from 'node:worker_threads'
import { Classifier } from './classifier.ts'
import type { MainMessage, Startup, WorkerMessage } from './messages.ts'

/** Long enough to touch every kernel and to give a first estimate of a tweet's cost. */
const WARMUP_TEXT = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all!'

let classifier: Classifier | undefined

function send (message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function load (startup: Startup): Promise<void> {
  try {
    const loaded = await Classifier.load(startup)
    // The first run allocates the session's memory; the second costs what the next ones will.
    await loaded.classify(WARMUP_TEXT)
    const { inferenceMs } = await loaded.classify(WARMUP_TEXT)
    classifier = loaded
    send({ type: 'ready', labels: loaded.labels, maxTokens: loaded.maxTokens, warmupMs: inferenceMs })
  } catch (error) {
    send({ type: 'load-failed', reason: reasonOf(error) })
    parentPort?.close()
  }
}

parentPort?.on('message', (message: MainMessage) => {
  if (message.type === 'load') void load(message.startup)
  else classifier?.classify(message.text).then(send, (error: unknown) => send({ type: 'run-failed', reason: reasonOf(error) }))
})
