import { onSignal } from './signals.ts'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { ConfigError, describeConfig, loadConfig, type Config } from './config.ts'
import { createModelManager } from './create-model-manager.ts'
import type { ModelManager } from './inference/model-manager.ts'
import { loggerOptions } from './logger.ts'

/*
 * Runs the service: configuration, ports, model, app, signals, listen.
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
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is in use: stop the process that listens there, or set ${key}`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `API_HOST ${host} is not a local address`
  if (code === 'EACCES') return `Port ${port} may not be opened by this user: set ${key} to 1024 or more`
  return undefined
}

/** Writes why the service cannot listen. Throws `error` if the settings are not the cause. */
function reportListenError (error: unknown, config: Config): void {
  const reason = explainListenError(error, config)
  if (reason === undefined) throw error
  process.stderr.write(`${reason}\n`)
}

/** Exits with status 1 if a port cannot be opened: such a start must not load, or even download, the model first. */
async function checkPorts (config: Config): Promise<void> {
  for (const port of [config.API_PORT, config.METRICS_PORT]) {
    if (port === 0) continue
    const probe = createServer()
    try {
      probe.listen({ host: config.API_HOST, port, exclusive: true })
      await once(probe, 'listening')
      probe.close()
      await once(probe, 'close')
    } catch (error) {
      reportListenError(error, config)
      process.exit(1)
    }
  }
}

async function listen (app: FastifyInstance, config: Config): Promise<void> {
  try {
    await app.listen({ host: config.API_HOST, port: config.API_PORT, backlog: BACKLOG })
  } catch (error) {
    reportListenError(error, config)
    await exitOnceQuiescent(app.modelManager, 1)
  }
}

/** Exits, after at most `ms` milliseconds. A worker inside native code would abort the process, or keep it alive if it hangs there. */
async function exitOnceQuiescent (modelManager: ModelManager, status: number, ms = QUIESCE_MS): Promise<never> {
  const quiescent = await Promise.race([modelManager.quiesce().then(() => true), delay(ms, false)])
  if (quiescent) process.exit(status)
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
      app.log.error({ graceMs }, 'Requests were still in flight after the grace period')
      void exitOnceQuiescent(app.modelManager, 1)
    }, graceMs)
    app.close().then(() => {
      clearTimeout(timer)
      app.log.info('Stopped')
      // A worker that was given up may still hang in native code.
      void exitOnceQuiescent(app.modelManager, 0)
    }, (error: unknown) => {
      app.log.error({ err: error }, 'Could not stop cleanly')
      process.exit(1)
    })
  }
  onSignal((signal) => {
    signals++
    if (signals > 2) process.kill(process.pid, 'SIGKILL')
    if (signals > 1) {
      void exitOnceQuiescent(app.modelManager, 1)
      return
    }
    const announceMs = signal === 'SIGTERM' ? delayMs : 0
    app.log.info({ signal, announceMs }, `${signal}: finishing requests in flight (a second signal exits immediately)`)
    app.lifecycle.announce()
    if (announceMs === 0) drain()
    else setTimeout(drain, announceMs)
  })
}

const warnings: string[] = []
const config = await readConfig((line) => warnings.push(line))
const logger = pino(loggerOptions(config.LOG_LEVEL))
logger.info({ config: describeConfig(config), node: process.version }, 'Starting')
for (const line of warnings) logger.warn(line)
await checkPorts(config)
const modelManager = createModelManager(config, { workerUrl: new URL('./inference/worker.js', import.meta.url), logger })
void modelManager.start()
onSignal(() => { void exitOnceQuiescent(modelManager, 0, config.SHUTDOWN_GRACE_MS) })
// Both need this thread: reading the model's files first lets a worker load them while the modules of the app are imported, which
// takes about as long. The first answer comes a sixth earlier.
await modelManager.verified
const { buildApp } = await import('./app.ts')
const app = await buildApp({ config, modelManager, logger })
stopOnSignal(app, config)
await listen(app, config)
