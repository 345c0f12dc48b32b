import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import { Type, type Static, type TSchema } from 'typebox'
import { hashKeys } from './auth/api-keys.ts'
import { resolveModel } from './models/catalog.ts'

const integer = (minimum: number, maximum: number, value: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description })
const text = (value: string, description: string) => Type.String({ default: value, description })
const choice = <const T extends string[]>(values: [...T], value: T[number], description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, default: value, description })

const collector = (description: string) =>
  Type.String({ default: '', title: 'an address that starts with http:// or https://', pattern: '^$|^https?://', description })

/** A scheme and a host, as browsers send it, or any. */
const ORIGIN = '(\\*|https?://[^\\s/,*]+)'
const HOUR_MS = 3_600_000

/** Every environment key: its type, default and meaning. Nothing else in the project lists them. */
export const configSchema = Type.Object({
  API_HOST: text('127.0.0.1', 'Address to listen on; 0.0.0.0 in the container image'),
  API_PORT: integer(0, 65_535, 8000, 'Port to listen on; 0 takes any free one'),
  METRICS_PORT: integer(0, 65_535, 0, 'Port of its own for /metrics, on API_HOST; 0 serves it on API_PORT'),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', 'Least severe level that is logged; answered requests are logged at debug, refused ones at info'),
  MODEL_NAME: text('cardiffnlp/twitter-roberta-base-sentiment-latest', 'Model to serve: a hub id with ONNX files, or "compact", which ships with the service'),
  MODEL_REVISION: text('main', 'Branch, tag or commit of the model on the hub'),
  MODEL_DTYPE: choice(['q8', 'int8', 'uint8', 'fp32', 'fp16', 'q4', 'bnb4'], 'q8', 'Number format of the weights; q8 is dynamic int8'),
  MODEL_DIR: text('models', 'Folder that downloaded models are kept in'),
  MODEL_FALLBACK: choice(['off', 'compact'], 'off', 'Model that answers while MODEL_NAME is not there: none, or the embedded one'),
  EMBEDDED_MODEL_DIR: text(fileURLToPath(new URL('../models/compact', import.meta.url)), 'Folder of the embedded model'),
  HF_ENDPOINT: Type.String({ default: 'https://huggingface.co', title: 'an address that starts with http:// or https://', pattern: '^https?://', description: 'Address of the model hub or of a mirror (http or https)' }),
  HF_TOKEN: text('', 'Access token for private models'),
  INFERENCE_WORKERS: integer(0, 256, 0, 'Worker threads, each with one model session; 0 takes one per usable CPU'),
  QUEUE_LIMIT: integer(1, 1_000_000, 1024, 'Texts that may wait for a worker; more are refused with 503'),
  PREDICT_TIMEOUT_MS: integer(100, HOUR_MS, 10_000, 'Time in milliseconds in which a request is answered or fails with 504'),
  MAX_TEXT_LENGTH: integer(1, 1_000_000, 10_000, 'Longest text, in characters'),
  MAX_BATCH_SIZE: integer(1, 100_000, 128, 'Most texts in one request'),
  BODY_LIMIT_BYTES: integer(1024, 1 << 30, 1 << 20, 'Largest request body, or line of an NDJSON stream, in bytes'),
  REDIS_URL: Type.String({ default: '', title: 'an address that starts with redis:// or rediss://', pattern: '^$|^rediss?://', description: 'Redis server (redis:// or rediss://); empty keeps the cache in memory only' }),
  REDIS_TIMEOUT_MS: integer(1, 60_000, 50, 'Longest time in milliseconds that a request waits for Redis'),
  CACHE_TTL_SECONDS: integer(1, 365 * 86_400, 86_400, 'How long an answer is kept, in seconds'),
  CACHE_MAX_ENTRIES: integer(0, 100_000_000, 50_000, 'Answers kept in memory (about 300 bytes each); 0 turns the memory cache off'),
  API_KEYS: text('', 'Keys that open the service, separated by commas, each of 16 characters or more; empty lets everybody in'),
  RATE_LIMIT_PER_MINUTE: integer(0, 10_000_000, 0, 'Requests a minute for each key, or for each address where no keys are set; 0 is no limit'),
  CORS_ORIGINS: Type.String({ default: '', title: 'origins such as https://example.org separated by commas, or *', pattern: `^$|^${ORIGIN}( *, *${ORIGIN})*$`, description: 'Origins of web pages that may call the service, separated by commas; * is any' }),
  TRUST_PROXY: Type.String({ default: 'false', title: 'false, true, or how many proxies are in front', pattern: '^(true|false|[1-9][0-9]?)$', description: 'Take the client address from X-Forwarded-For, as the nearest proxy (true) or so many (a number) added it: only behind a proxy that sets it' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector('OpenTelemetry collector that takes OTLP over HTTP (port 4318); empty turns traces off'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector('The same for traces alone, with its whole path'),
  OTEL_EXPORTER_OTLP_HEADERS: text('', 'Headers for the collector: key=value, separated by commas'),
  OTEL_SERVICE_NAME: text('', 'Name of the service in traces; sentiment-service if empty'),
  OTEL_RESOURCE_ATTRIBUTES: text('', 'Attributes of every span\'s resource: key=value, separated by commas'),
  OTEL_TRACES_SAMPLER: choice(['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'], 'parentbased_always_on', 'Which requests are traced; parentbased ones follow the caller\'s traceparent'),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({ minimum: 0, maximum: 1, default: 1, title: 'a number from 0 to 1', description: 'Share of the requests that a ratio sampler traces' }),
  OTEL_SDK_DISABLED: choice(['true', 'false'], 'false', 'Turns traces off, whatever else is set'),
  CONNECTION_MAX_AGE_MS: integer(0, HOUR_MS, 0, 'Age in milliseconds at which a connection is closed after its answer, so that clients which keep connections open move to new replicas; drawn per connection from half of it to all of it; 0 is no bound'),
  SHUTDOWN_DELAY_MS: integer(0, HOUR_MS, 0, 'Time in milliseconds after SIGTERM in which /health answers 503 and requests are still accepted, until load balancers have noticed; 3000 in the container image'),
  SHUTDOWN_GRACE_MS: integer(0, HOUR_MS, 10_000, 'Time in milliseconds that requests in flight get at shutdown')
}, { additionalProperties: false })

/** The effective configuration: what the schema says, checked and with defaults. Of API_KEYS it has the hashes only. */
export type Config = Readonly<Static<typeof configSchema>>

/** Keys whose values never appear in a log or an error. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['HF_TOKEN', 'REDIS_URL', 'API_KEYS', 'OTEL_EXPORTER_OTLP_HEADERS'])

/** One or more environment values are wrong; `problems` has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export interface LoadOptions {
  /** Whether the `.env` file of the working directory counts as well. */
  dotenv?: boolean
  /** Other defaults than the schema's, for a command that needs them. */
  defaults?: Partial<Config>
}

/**
 * Reads the configuration from `env`, and from the `.env` file of the working directory where `dotenv` is true
 * (`env` wins). An empty value counts as not given.
 * @throws {ConfigError} naming every wrong key and what it takes
 */
export async function loadConfig (env: NodeJS.ProcessEnv, { dotenv = false, defaults = {} }: LoadOptions = {}): Promise<Config> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  // @fastify/env decorates an instance, but the real one needs its options (log level, limits) before it exists.
  const reader = Fastify()
  try {
    await reader.register(fastifyEnv, { schema: withDefaults(defaults), data: given, env: false, dotenv })
  } catch (error) {
    throw asConfigError(error, given)
  }
  const config = (reader as unknown as { config: Config }).config
  if (config.QUEUE_LIMIT < config.MAX_BATCH_SIZE) {
    throw new ConfigError([`QUEUE_LIMIT (${config.QUEUE_LIMIT}) must be at least MAX_BATCH_SIZE (${config.MAX_BATCH_SIZE}), or no full batch is ever accepted`])
  }
  if (config.METRICS_PORT !== 0 && config.METRICS_PORT === config.API_PORT) {
    throw new ConfigError([`METRICS_PORT must be another port than API_PORT (${config.API_PORT}), or 0 to serve /metrics there`])
  }
  try {
    resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
    return { ...config, API_KEYS: hashKeys(config.API_KEYS) }
  } catch (error) {
    throw new ConfigError([(error as RangeError).message])
  }
}

/** The configuration as it may be logged: secrets are replaced by whether they are set. */
export function describeConfig (config: Config): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) =>
    [key, SECRET_KEYS.has(key) ? (value === '' ? '(not set)' : '(set)') : value]))
}

/** Worker threads to start when INFERENCE_WORKERS is 0 and `quota` CPUs (Infinity: no limit) may be used. */
export function defaultWorkers (quota: number, cores = availableParallelism()): number {
  return Math.max(1, Math.floor(Math.min(quota, cores)))
}

function withDefaults (defaults: Partial<Config>): object {
  const changed = Object.entries(defaults).map(([key, value]) => [key, { ...configSchema.properties[key as keyof Config], default: value }])
  return { ...configSchema, properties: { ...configSchema.properties, ...Object.fromEntries(changed) as object } }
}

interface SchemaError { instancePath: string }

function asConfigError (error: unknown, given: Record<string, unknown>): Error {
  const errors = (error as { errors?: SchemaError[] }).errors
  if (errors === undefined) return error as Error
  const keys = new Set(errors.map((item) => item.instancePath.slice(1)))
  return new ConfigError([...keys].map((key) => {
    const value = SECRET_KEYS.has(key) || given[key] === undefined ? '' : `, not "${String(given[key])}"`
    return `${key} must be ${takes((configSchema.properties as Record<string, TSchema>)[key] ?? {})}${value}`
  }))
}

function takes (schema: object): string {
  const { type, enum: values, minimum, maximum, title } = schema as Record<string, unknown>
  if (Array.isArray(values)) return `one of ${values.join(', ')}`
  if (type === 'integer') return `a whole number from ${String(minimum)} to ${String(maximum)}`
  return typeof title === 'string' ? title : 'text'
}
