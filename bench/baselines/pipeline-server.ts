import { basename, dirname } from 'node:path'
import { env, pipeline } from '@xenova/transformers'
import Fastify from 'fastify'
import { MicroBatcher } from './micro-batcher.ts'

/**
 * Baselines (a) and (b), the usual implementation: Fastify with the library's pipeline awaited in the handler and its default
 * session options; dtype q8, so that it runs the same weights. With BATCH_SIZE above 1, texts that wait while the model runs
 * are padded together into its next run.
 */

const { API_PORT, MODEL_DIRECTORY = '', BATCH_SIZE = '1' } = process.env
env.localModelPath = dirname(MODEL_DIRECTORY)
env.allowRemoteModels = false

interface Scored { label: string, score: number }

const classify = await pipeline('text-classification', basename(MODEL_DIRECTORY), { dtype: 'q8' })
const batcher = new MicroBatcher<string, Scored>(Number(BATCH_SIZE), async (texts) => await classify(texts) as Scored[])

const app = Fastify()
app.get('/health', () => ({ status: 'ok' }))
app.post<{ Body: { text: string } }>('/predict', async ({ body }) => {
  return BATCH_SIZE === '1' ? (await classify(body.text) as Scored[])[0] : await batcher.run(body.text)
})
await app.listen({ host: '127.0.0.1', port: Number(API_PORT) })
