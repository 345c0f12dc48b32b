import { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

export type RedisState = 'up' | 'down'

/** A command failed or was late, or the connection was refused or broke. */
export type RedisFailure = 'command' | 'connection'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  url: string
  /** Longest time in milliseconds that a caller waits for a command. */
  timeoutMs: number
  logger: Logger
  onError?: (error: Error, kind: RedisFailure) => void
}

/** Failures in a row after which Redis is not asked any more. */
const FAILURE_THRESHOLD = 3
const PROBE_MS = 200
const MAX_PROBE_MS = 5_000
const CONNECT_TIMEOUT_MS = 2_000
const MAX_RECONNECT_MS = 2_000

/**
 * The one connection to Redis. It never stands in the way of an answer: whatever goes wrong is undefined, no later than the
 * time-out, and a server that is away or hangs is not asked until a probe gets through.
 */
export class RedisConnection {
  readonly #redis: Redis
  readonly #options: RedisConnectionOptions
  readonly #breaker: CircuitBreaker
  #connected = false
  #announced: RedisState | undefined
  #closing = false

  constructor (options: RedisConnectionOptions) {
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
    // Every connection that ends, and every one that is refused, closes once.
    this.#redis.on('close', () => {
      const reason = new Error('the connection was closed')
      if (!this.#closing) options.onError?.(reason, 'connection')
      this.#disconnected(reason)
    })
    this.#redis.on('error', (error: Error) => this.#disconnected(error))
  }

  get state (): RedisState {
    return this.#connected && !this.#breaker.isOpen ? 'up' : 'down'
  }

  /** Connects in the background, for as long as it takes. */
  start (): void {
    this.#redis.connect().catch((error: Error) => this.#disconnected(error))
  }

  /** What `command` answers; undefined if Redis is away, fails, or needs longer than the time-out. Never rejects. */
  async execute<T> (command: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (this.state !== 'up') return undefined
    try {
      const answer = await command(this.#redis)
      this.#breaker.succeeded()
      return answer
    } catch (error) {
      this.#options.onError?.(error as Error, 'command')
      this.#breaker.failed(error as Error)
      return undefined
    }
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
