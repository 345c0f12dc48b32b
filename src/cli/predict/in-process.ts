import { MemoryStore } from '../../cache/memory-store.ts'
import { PredictionCache } from '../../cache/prediction-cache.ts'
import { loadConfig, type Config } from '../../config.ts'
import { createModelStore, modelInstanceOptions } from '../../create-model-manager.ts'
import { ModelManager } from '../../inference/model-manager.ts'
import type { Logger } from '../../logger.ts'
import { COMPACT, resolveModel, type ModelSpec } from '../../models/catalog.ts'
import type { ModelStore } from '../../models/store.ts'
import { inOrder } from '../../prediction/in-order.ts'
import { toSentimentAnswer, type Prediction } from '../../prediction/answer.ts'
import { predictDocument } from '../../prediction/document.ts'
import { Predictor } from '../../prediction/predictor.ts'
import { Flow, type ComputedText } from '../../inference/queued-text.ts'
import { ScoringError } from './errors.ts'
import { MAX_LENGTH_IN_FLIGHT, TEMPORARY, type Row, type ScoredRow, type Scorer, type Scores } from './rows.ts'

const NEVER = new AbortController().signal

/**
 * The service's own predictor and workers, without the server. The model is MODEL_NAME if it is on this machine; otherwise
 * compact, which is reported, or with MODEL_FALLBACK=off the model is downloaded first. It does not change during the run. Redis
 * is not used: a bulk run would evict what running services share.
 * @param sentences predict each sentence of a text, and the text as their mean
 */
export async function inProcessScorer (env: NodeJS.ProcessEnv, workerUrl: URL, report: (line: string) => void, sentences: boolean): Promise<Scorer> {
  const config = await loadConfig(env, { dotenv: true, defaults: { MODEL_FALLBACK: COMPACT } })
  const logger = plainLogger(report)
  const store = createModelStore(config, logger)
  const requested = await chooseModel(config, store, report)
  const host = new ModelManager({ requested, store, instance: modelInstanceOptions(config, { workerUrl, logger }) })
  await host.start()
  const { instance } = host
  if (instance === undefined) throw new ScoringError(host.problem ?? `${requested.name} could not be loaded`)
  const predictor = new Predictor({
    modelManager: host,
    cache: new PredictionCache<ComputedText>({ memory: new MemoryStore({ maxEntries: config.CACHE_MAX_ENTRIES, ttlSeconds: config.CACHE_TTL_SECONDS }) }),
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxBatchSize: config.MAX_BATCH_SIZE,
    timeoutMs: config.PREDICT_TIMEOUT_MS
  })
  return {
    model: `${requested.name} (${requested.revision}, ${requested.dtype})`,
    labels: instance.labels,
    score: (rows, signal) => scoreRows(async (text, flow) => {
      const predict = async (texts: string[]) => await predictor.predict(texts, { truncate: true, signal: () => signal, flow })
      if (sentences) return await predictDocument(text, { scripts: instance.model.spec.scripts, maxTextLength: config.MAX_TEXT_LENGTH, maxSentences: config.MAX_BATCH_SIZE, refuseUnreadable: false, predict })
      const set = await predict([text])
      return toSentimentAnswer(set.predictions[0] as Prediction, set)
    }, predictor, rows, signal),
    close: () => host.close()
  }
}

async function chooseModel (config: Config, store: ModelStore, report: (line: string) => void): Promise<ModelSpec> {
  const requested = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  if (await store.find(requested) !== undefined) return requested
  if (config.MODEL_FALLBACK === COMPACT && !requested.embedded) {
    report(`${requested.name} is not on this machine: compact, a smaller and less accurate model, is used instead. To download it: npm run model -- pull`)
    return resolveModel(COMPACT, 'main', 'q8')
  }
  await store.ensure(requested)
  return requested
}

/** Predicts one text; rejects with an error of the catalogue. */
type PredictText = (text: string, flow: Flow) => Promise<Scores>

async function * scoreRows (predict: PredictText, predictor: Predictor, source: AsyncIterable<readonly Row[]>, signal: AbortSignal): AsyncGenerator<ScoredRow[], void> {
  const flow = new Flow('')
  let length = 0
  const start = async (row: Row): Promise<ScoredRow | Error> => {
    length += row.raw.length
    if (row.error !== undefined) return { row, result: { error: row.error } }
    try {
      return { row, result: await predict(row.text, flow) }
    } catch (error) {
      const { code } = error as { code?: string }
      // A failure that is not caused by the row ends the run; the next one resumes there.
      if (code === undefined || TEMPORARY.has(code)) return new ScoringError((error as Error).message)
      return { row, result: { error: code } }
    }
  }
  for await (const results of inOrder({ source, start, canStart: (inFlight) => inFlight === 0 || (length < MAX_LENGTH_IN_FLIGHT && predictor.canStart(inFlight)), stop: NEVER, cancel: signal })) {
    const failed = results.findIndex((result) => result instanceof Error)
    const good = (failed < 0 ? results : results.slice(0, failed)) as ScoredRow[]
    for (const { row } of good) length -= row.raw.length
    if (good.length > 0) yield good
    const failure = results[failed]
    if (failure instanceof Error) throw failure
  }
}

/** Reports warnings and errors as plain lines: standard output belongs to the rows. */
function plainLogger (report: (line: string) => void): Logger {
  const write = (details: unknown, message?: string): void => {
    const reason = (details as { reason?: unknown } | null)?.reason
    report(`${message ?? String(details)}${typeof reason === 'string' ? ` (${reason})` : ''}`)
  }
  return { debug: () => {}, info: () => {}, warn: write, error: write } as Logger
}
