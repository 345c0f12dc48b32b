import { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

export type RedisState = 'up' | 'down'

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  url: string
  /** Longest time in milliseconds that a caller waits for a read. */
  timeoutMs: number
  ttlSeconds: number
  logger: Logger
  onError?: (error: Error) => void
}

/** Failures in a row after which Redis is not asked any more. */
const FAILURE_THRESHOLD = 3
const PROBE_MS = 200
const MAX_PROBE_MS = 5_000
const CONNECT_TIMEOUT_MS = 2_000
const MAX_RECONNECT_MS = 2_000

/**
 * Answers shared between processes, in Redis. It never stands in the way of an answer: whatever goes wrong is a miss, no
 * later than the time-out, and a server that is away or hangs is not asked until a probe gets through.
 */
export class RedisStore {
  readonly #redis: Redis
  readonly #options: RedisStoreOptions
  readonly #breaker: CircuitBreaker
  #connected = false
  #announced: RedisState | undefined
  #closing = false

  constructor (options: RedisStoreOptions) {
    this.#options = options
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: options.timeoutMs,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_MS) * (0.5 + Math.random() / 2)
    })
    this.#breaker = new CircuitBreaker({
      threshold: FAILURE_THRESHOLD,
      probeMs: PROBE_MS,
      maxProbeMs: MAX_PROBE_MS,
      probe: async () => { await this.#redis.ping() },
      onOpen: (reason) => this.#announce('down', reason),
      onClose: () => this.#announce('up')
    })
    this.#redis.on('ready', () => {
      this.#connected = true
      // A new connection is ready only after the server answered on it.
      this.#breaker.close()
      this.#announce('up')
    })
    this.#redis.on('close', () => this.#disconnected(new Error('the connection was closed')))
    this.#redis.on('error', (error: Error) => this.#disconnected(error))
  }

  get state (): RedisState {
    return this.#connected && !this.#breaker.isOpen ? 'up' : 'down'
  }

  /** Connects in the background, for as long as it takes. */
  start (): void {
    this.#redis.connect().catch((error: Error) => this.#disconnected(error))
  }

  /** The values of `keys`, read with one MGET. Never rejects, and answers within the time-out. */
  async getMany (keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    if (this.state === 'up') {
      try {
        const values = await this.#redis.mgetBuffer(...keys)
        this.#breaker.succeeded()
        return values.map((value) => value ?? undefined)
      } catch (error) {
        this.#failed(error as Error)
      }
    }
    return keys.map(() => undefined)
  }

  /** Sends the value, with its time to live. Nobody waits for it; a failure is counted. */
  set (key: string, value: Buffer): void {
    if (this.state !== 'up') return
    this.#redis.set(key, value, 'EX', this.#options.ttlSeconds).then(() => this.#breaker.succeeded(), (error: Error) => this.#failed(error))
  }

  close (): void {
    this.#closing = true
    this.#breaker.stop()
    this.#redis.disconnect()
  }

  #disconnected (reason: Error): void {
    this.#connected = false
    this.#announce('down', reason)
  }

  #failed (error: Error): void {
    this.#options.onError?.(error)
    this.#breaker.failed(error)
  }

  /** One line for each change of state: a request never logs. */
  #announce (state: RedisState, reason?: Error): void {
    if (this.#closing || state === this.#announced) return
    this.#announced = state
    const { logger } = this.#options
    if (state === 'up') logger.info('Redis answers: the cache is shared')
    else logger.warn({ reason: reasonOf(reason) }, 'Redis does not answer: the cache is in memory only until it does')
  }
}

/** An error's words. ioredis wraps the refusals of several addresses in an AggregateError without a message. */
function reasonOf (error: Error | undefined): string {
  return error?.message || (error as NodeJS.ErrnoException | undefined)?.code || 'unknown'
}
