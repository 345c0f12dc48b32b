import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { ConfigError, describeConfig, loadConfig, type Config } from './config.ts'
import { createModelManager } from './create-model-manager.ts'
import type { SpareThread } from './inference/spare-thread.ts'
import { loggerOptions } from './logger.ts'

/**
 * Connections that may wait until they are accepted. The kernel drops the rest of a burst, and those clients try again after a
 * second. Node's own number is 511; Linux takes no more than `net.core.somaxconn`, 4096 by default.
 */
const BACKLOG = 4096

/** Says why the service cannot start, a line each, and ends the process. */
function refuse (lines: readonly string[]): never {
  for (const line of lines) process.stderr.write(`${line}\n`)
  process.exit(1)
}

async function readConfig (warn: (line: string) => void): Promise<Config> {
  try {
    return await loadConfig(process.env, { dotenv: true, warn })
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.problems)
    throw error
  }
}

/** Why the service cannot listen, where that is a matter of its settings. */
function listenProblem (error: unknown, config: Config): string | undefined {
  const { API_HOST: host } = config
  const { code, port = config.API_PORT } = error as NodeJS.ErrnoException & { port?: number }
  const key = port === config.METRICS_PORT ? 'METRICS_PORT' : 'API_PORT'
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is in use: stop what listens there, or set ${key}`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `API_HOST ${host} is no address of this machine`
  if (code === 'EACCES') return `Port ${port} may not be opened by this user: set ${key} to 1024 or more`
  return undefined
}

async function listen (app: FastifyInstance, config: Config): Promise<void> {
  try {
    await app.listen({ host: config.API_HOST, port: config.API_PORT, backlog: BACKLOG })
  } catch (error) {
    const problem = listenProblem(error, config)
    if (problem === undefined) throw error
    process.stderr.write(`${problem}\n`)
    await endAtOnce(app)
  }
}

/** Milliseconds that an end at once waits for workers which are inside the runtime: long enough to load most models. */
const REST_MS = 3000

/** Ends the process with status 1, as soon as no worker is inside the runtime's native code: it would abort the process. */
async function endAtOnce ({ modelManager }: FastifyInstance): Promise<never> {
  await Promise.race([modelManager.quiesce(), delay(REST_MS)])
  process.exit(1)
}

/**
 * Drains on the first SIGTERM or SIGINT, exits at once on the second. On SIGTERM the shutdown is announced first and requests
 * are accepted for `SHUTDOWN_DELAY_MS`: load balancers send them until they have noticed.
 */
function stopOnSignal (app: FastifyInstance, { SHUTDOWN_DELAY_MS: delayMs, SHUTDOWN_GRACE_MS: graceMs }: Config): void {
  let signals = 0
  const drain = (): void => {
    const timer = setTimeout(() => {
      app.log.error({ graceMs }, 'Requests were still in flight after the grace time')
      void endAtOnce(app)
    }, graceMs)
    app.close().then(() => {
      clearTimeout(timer)
      app.log.info('Stopped')
      process.exit(0)
    }, (error: unknown) => {
      app.log.error({ err: error }, 'Could not stop cleanly')
      process.exit(1)
    })
  }
  const stop = (signal: NodeJS.Signals): void => {
    signals++
    if (signals > 2) process.exit(1)
    if (signals > 1) {
      void endAtOnce(app)
      return
    }
    const announceMs = signal === 'SIGTERM' ? delayMs : 0
    app.log.info({ signal, announceMs }, `${signal}: finishing requests in flight (a second signal ends at once)`)
    app.lifecycle.announce()
    if (announceMs === 0) drain()
    else setTimeout(drain, announceMs)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

export interface ServeOptions {
  /** The built inference worker (dist/inference/worker.js). */
  workerUrl: URL
  spare: SpareThread
}

/** Runs the service until a signal ends it. */
export async function serve ({ workerUrl, spare }: ServeOptions): Promise<void> {
  const warnings: string[] = []
  const config = await readConfig((line) => warnings.push(line))
  const logger = pino(loggerOptions(config.LOG_LEVEL))
  logger.info({ config: describeConfig(config), node: process.version }, 'Starting')
  for (const line of warnings) logger.warn(line)
  const modelManager = createModelManager(config, { workerUrl, logger, spare })
  // Found before the other modules are read, which would hold up every step of it; then it loads in its thread meanwhile.
  await modelManager.prefetch()
  void modelManager.start()
  const { buildApp } = await import('./app.ts')
  const app = await buildApp({ config, modelManager, logger })
  stopOnSignal(app, config)
  await listen(app, config)
}
