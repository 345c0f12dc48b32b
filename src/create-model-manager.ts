import { defaultWorkers, type Config } from './config.ts'
import { ModelManager } from './inference/model-manager.ts'
import type { ModelInstanceOptions } from './inference/model-instance.ts'
import type { Logger } from './logger.ts'
import { COMPACT, resolveModel } from './models/catalog.ts'
import { terminalProgress } from './models/progress.ts'
import { ModelStore } from './models/store.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * CPUs that this process's control group may use, or Infinity if there is no limit: `cpu.max` of cgroup v2, or
 * `cpu.cfs_quota_us` / `cpu.cfs_period_us` of v1. On Node 20, `os.availableParallelism()` ignores this limit.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
 * @param root the file system's root; another one in tests
 */
export function cpuQuota (root = '/'): number {
  const groups = read(join(root, 'proc/self/cgroup')) ?? ''
  const v2 = /^0::(.*)$/m.exec(groups)?.[1] ?? '/'
  const v1 = /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1] ?? '/'
  const limits = [
    ...ancestors(v2).map((path) => cpuMax(read(join(root, 'sys/fs/cgroup', path, 'cpu.max')))),
    ...ancestors(v1).map((path) => cfsQuota(join(root, 'sys/fs/cgroup/cpu', path)))
  ]
  return Math.min(Infinity, ...limits)
}

/** The paths of the group and its ancestors: any of them can set the limit, and in a container only `/` is visible. */
function ancestors (path: string): string[] {
  const parts = path.split('/').filter(Boolean)
  return [...parts.keys()].map((index) => parts.slice(0, parts.length - index).join('/')).concat('')
}

function cpuMax (content: string | undefined): number {
  const [quota, period] = (content ?? 'max').split(/\s+/)
  return quota === 'max' ? Infinity : ratio(quota, period)
}

function cfsQuota (directory: string): number {
  const quota = read(join(directory, 'cpu.cfs_quota_us'))
  return quota === undefined || Number(quota) <= 0 ? Infinity : ratio(quota, read(join(directory, 'cpu.cfs_period_us')))
}

function ratio (quota: string | undefined, period: string | undefined): number {
  const cpus = Number(quota) / Number(period)
  return Number.isFinite(cpus) && cpus > 0 ? cpus : Infinity
}

/** Returns undefined if the file does not exist: with the other cgroup version, or on other systems than Linux. */
function read (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

export interface ModelManagerContext {
  /** URL of the built worker, set by the entry point because tsc does not rewrite the path of a worker. */
  workerUrl: URL
  logger: Logger
}

/** Creates the store for the configured directories and hub. */
export function createModelStore (config: Config, logger: Logger): ModelStore {
  return new ModelStore({
    directory: config.MODEL_DIR,
    embeddedDirectory: config.EMBEDDED_MODEL_DIR,
    endpoint: config.HF_ENDPOINT,
    logger,
    onProgress: terminalProgress(),
    ...(config.HF_TOKEN !== '' && { token: config.HF_TOKEN })
  })
}

/** The settings that concern a loaded model. */
export function modelInstanceOptions (config: Config, { workerUrl, logger }: ModelManagerContext): ModelInstanceOptions {
  return {
    workerUrl,
    workers: config.INFERENCE_WORKERS === 0 ? defaultWorkers(cpuQuota()) : config.INFERENCE_WORKERS,
    queueLimit: config.QUEUE_LIMIT,
    predictTimeoutMs: config.PREDICT_TIMEOUT_MS,
    logger
  }
}

/** Creates the configured model manager. It loads nothing until it is started. */
export function createModelManager (config: Config, { workerUrl, logger }: ModelManagerContext): ModelManager {
  const requested = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  const store = createModelStore(config, logger)
  return new ModelManager({
    requested,
    store,
    ...(config.MODEL_FALLBACK === 'compact' && !requested.embedded && { fallback: resolveModel(COMPACT, 'main', 'q8') }),
    instance: modelInstanceOptions(config, { workerUrl, logger })
  })
}
