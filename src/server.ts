import { SpareThread } from './inference/spare-thread.ts'

// The process's entry. What the thread of the first worker and this one load takes most of a start: each loads its own at once.
const workerUrl = new URL('./inference/worker.js', import.meta.url)
const spare = new SpareThread(workerUrl)
const { serve } = await import('./serve.ts')
await serve({ workerUrl, spare })
