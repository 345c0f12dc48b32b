import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { buildApp } from './app.ts'
import { ConfigError, describeConfig, loadConfig, type Config } from './config.ts'
import { createModelManager } from './create-model-manager.ts'
import { loggerOptions } from './logger.ts'

/*
 * The service's entry point: configuration, model, app, listen, signals.
 */

/**
 * Connections that may wait until they are accepted. The kernel drops the rest of a burst, and those clients try again after a
 * second. Node's default is 511; Linux allows up to `net.core.somaxconn`, 4096 by default.
 */
const BACKLOG = 4096

/** Milliseconds that an exit waits for workers inside ONNX Runtime: enough to load most models. */
const QUIESCE_MS = 3000

async function readConfig (warn: (line: string) => void): Promise<Config> {
  try {
    return await loadConfig(process.env, { dotenv: true, warn })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) process.stderr.write(`${problem}\n`)
    process.exit(1)
  }
}

/** Explains why the service cannot listen; undefined if its settings are not the cause. */
function explainListenError (error: unknown, config: Config): string | undefined {
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
    const reason = explainListenError(error, config)
    if (reason === undefined) throw error
    process.stderr.write(`${reason}\n`)
    await exitWithoutDraining(app)
  }
}

/** Exits with status 1. A worker inside native code would abort the process, or keep it alive if it hangs there. */
async function exitWithoutDraining ({ modelManager }: FastifyInstance): Promise<never> {
  const quiescent = await Promise.race([modelManager.quiesce().then(() => true), delay(QUIESCE_MS, false)])
  if (quiescent) process.exit(1)
  // `process.exit` waits for every thread.
  process.kill(process.pid, 'SIGKILL')
  return await new Promise(() => {})
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
      void exitWithoutDraining(app)
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
    if (signals > 2) process.kill(process.pid, 'SIGKILL')
    if (signals > 1) {
      void exitWithoutDraining(app)
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

const warnings: string[] = []
const config = await readConfig((line) => warnings.push(line))
const logger = pino(loggerOptions(config.LOG_LEVEL))
logger.info({ config: describeConfig(config), node: process.version }, 'Starting')
for (const line of warnings) logger.warn(line)
const modelManager = createModelManager(config, { workerUrl: new URL('./inference/worker.js', import.meta.url), logger })
// The model loads in its thread while the app is built.
void modelManager.start()
const app = await buildApp({ config, modelManager, logger })
stopOnSignal(app, config)
await listen(app, config)
