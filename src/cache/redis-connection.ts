import { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

export type RedisState = 'up' | 'down'

/** `command`: a command failed or timed out. `connection`: a connection was refused or closed. */
export type RedisFailure = 'command' | 'connection'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and database if needed. */
  url: string
  /** Maximum time in milliseconds that a caller waits for a command. */
  timeoutMs: number
  logger: Logger
  onError?: (error: Error, kind: RedisFailure) => void
}

/** Consecutive timeouts after which no more commands are sent. */
const FAILURE_THRESHOLD = 3
const PROBE_MS = 200
const MAX_PROBE_MS = 5_000
const CONNECT_TIMEOUT_MS = 2_000
const MAX_RECONNECT_MS = 2_000
/** A connection on which commands are pending and no byte arrives for this long is replaced by a new one. */
const SOCKET_TIMEOUT_MS = 3_000

/**
 * Errors of a server that answers PING but cannot serve the cache: it became a replica, is full, requires a password, or is part of
 * a cluster. Source: https://redis.io/docs/latest/develop/reference/protocol-spec (error prefixes).
 */
const SERVER_FAULT = /^(READONLY|MASTERDOWN|OOM|MISCONF|NOREPLICAS|NOAUTH|WRONGPASS|MOVED|ASK|CROSSSLOT|CLUSTERDOWN|LOADING)\b/

/** Keys that never exist. Two of them: in a cluster they belong to different slots. */
const PROBE_KEYS = ['sentiment:probe:1', 'sentiment:probe:2'] as const

/**
 * The connection to Redis. It never delays an answer: every failure is reported as undefined within the timeout. No command
 * is sent while the server is unreachable, hangs or rejects writes, until a probe that selects the database, writes and reads
 * succeeds.
 */
export class RedisConnection {
  readonly #redis: Redis
  readonly #options: RedisConnectionOptions
  readonly #breaker: CircuitBreaker
  readonly #database: number
  /** Whether a probe succeeded on the current connection: before that, commands could reach the wrong database. */
  #verified = false
  /** Connection attempts since the last successful probe. */
  #attempts = 0
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
      socketTimeout: SOCKET_TIMEOUT_MS,
      // After a failover the same address leads to the new primary.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      // ioredis resets its own count with every connection, even one to a server that rejects all writes.
      retryStrategy: () => Math.min(50 * 2 ** Math.min(++this.#attempts, 10), MAX_RECONNECT_MS) * (0.5 + Math.random() / 2)
    })
    this.#database = Number(this.#redis.options.db ?? 0)
    this.#breaker = new CircuitBreaker({
      threshold: FAILURE_THRESHOLD,
      probeMs: PROBE_MS,
      maxProbeMs: MAX_PROBE_MS,
      probe: () => this.#probe(),
      onOpen: (reason) => this.#announce('down', reason),
      onClose: () => this.#announce('up')
    })
    this.#redis.on('ready', () => {
      this.#probe().then(() => {
        this.#breaker.close()
        this.#announce('up')
      }, (error: Error) => this.#breaker.open(error))
    })
    // Emitted once for every connection that ends and every attempt that fails.
    this.#redis.on('close', () => {
      const reason = new Error('the connection was closed')
      if (!this.#closing) options.onError?.(reason, 'connection')
      this.#disconnected(reason)
    })
    this.#redis.on('error', (error: Error) => this.#disconnected(error))
  }

  get state (): RedisState {
    return this.#verified && !this.#breaker.isOpen ? 'up' : 'down'
  }

  /** Connects in the background and retries until it succeeds. */
  start (): void {
    this.#redis.connect().catch((error: Error) => this.#disconnected(error))
  }

  /** The result of `command`; undefined if Redis is unavailable, fails, or exceeds the timeout. Never rejects. */
  async execute<T> (command: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (this.state !== 'up') return undefined
    try {
      const result = await command(this.#redis)
      this.#breaker.succeeded()
      return result
    } catch (error) {
      this.#options.onError?.(error as Error, 'command')
      this.#fail(error as Error)
      return undefined
    }
  }

  close (): void {
    this.#closing = true
    this.#breaker.stop()
    this.#redis.disconnect()
  }

  #fail (error: Error): void {
    if (SERVER_FAULT.test(error.message)) this.#breaker.open(error)
    // Any other error reply concerns one key or command: the server works.
    else if (error.name === 'ReplyError') this.#breaker.succeeded()
    else this.#breaker.failed(error)
  }

  /** Rejects unless the current connection uses the configured database and can write and read there. */
  async #probe (): Promise<void> {
    // Sequentially: after a failed SELECT, nothing may be written. ioredis itself ignores such a failure.
    if (this.#database !== 0) await this.#redis.select(this.#database)
    // XX changes existing keys only: the server checks whether it may write, and nothing is written.
    await this.#redis.set(PROBE_KEYS[0], '', 'XX')
    await this.#redis.exists(...PROBE_KEYS)
    this.#verified = true
    this.#attempts = 0
  }

  #disconnected (reason: Error): void {
    this.#verified = false
    this.#announce('down', reason)
  }

  /** Logs one line per change of state, never per request. */
  #announce (state: RedisState, reason?: Error): void {
    if (this.#closing || state === this.#announced) return
    this.#announced = state
    const { logger } = this.#options
    if (state === 'up') logger.info('Redis connected')
    else logger.warn({ reason: describe(reason), database: this.#database }, 'Redis unavailable: caching in memory only')
  }
}

/** An error's message. ioredis wraps the refusals of several addresses in an AggregateError without a message. */
function describe (error: Error | undefined): string {
  return error?.message || (error as NodeJS.ErrnoException | undefined)?.code || 'unknown'
}
