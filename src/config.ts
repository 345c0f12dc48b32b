import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import leven from 'leven'
import { Type, type Static, type TSchema } from 'typebox'
import { hashKeys } from './config/api-keys.ts'
import { readEnvFile, readSecretFile } from './config/env-file.ts'
import { FORMATS, ConfigError, hideCredentials, quote } from './config/formats.ts'

export { ConfigError } from './config/formats.ts'

const integer = (minimum: number, maximum: number, value: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description })
const text = (value: string, description: string) => Type.String({ default: value, description })
const choice = <const T extends string[]>(values: [...T], value: T[number], description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, default: value, description })

const HOUR_MS = 3_600_000

/** Every setting: its type, default and meaning. Formats that a JSON schema cannot express are in config/formats.ts. */
export const configSchema = Type.Object({
  API_HOST: text('127.0.0.1', 'Address to listen on; 0.0.0.0 in the container image'),
  API_PORT: integer(0, 65_535, 8000, 'Port to listen on; 0 picks a free port'),
  METRICS_PORT: integer(0, 65_535, 0, 'Separate port for /metrics on API_HOST; 0 serves it on API_PORT'),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', 'Minimum level of log lines; successful requests are logged at debug, rejected ones at info, failed ones at error'),
  MODEL_NAME: text('cardiffnlp/twitter-roberta-base-sentiment-latest', 'Model to serve: a hub id with ONNX files, or "compact", which ships with the service'),
  MODEL_REVISION: text('main', 'Branch, tag or commit of the model on the hub'),
  MODEL_DTYPE: choice(['q8', 'int8', 'uint8', 'fp32', 'fp16', 'q4', 'bnb4'], 'q8', 'Number format of the weights; q8 is dynamic int8'),
  MODEL_DIR: text('models', 'Directory for downloaded models'),
  MODEL_FALLBACK: choice(['off', 'compact'], 'off', 'Model that answers while MODEL_NAME is unavailable: none, or the embedded one'),
  EMBEDDED_MODEL_DIR: text(fileURLToPath(new URL('../models/compact', import.meta.url)), 'Directory of the embedded model'),
  HF_ENDPOINT: text('https://huggingface.co', 'Address of the model hub or of a mirror (http or https)'),
  HF_TOKEN: text('', 'Access token for private models'),
  HF_TOKEN_FILE: text('', 'File that contains HF_TOKEN, such as a Docker or Kubernetes secret'),
  INFERENCE_WORKERS: integer(0, 256, 0, 'Worker threads, each with one model session; 0 starts one per usable CPU'),
  QUEUE_LIMIT: integer(1, 1_000_000, 1024, 'Maximum number of texts that wait for a worker; more are rejected with 503'),
  PREDICT_TIMEOUT_MS: integer(100, HOUR_MS, 10_000, 'Deadline of a prediction in milliseconds; after that it fails with 504'),
  MAX_TEXT_LENGTH: integer(1, 1_000_000, 10_000, 'Maximum length of a text, in characters'),
  MAX_BATCH_SIZE: integer(1, 100_000, 128, 'Maximum number of texts per request'),
  BODY_LIMIT_BYTES: integer(1024, 1 << 30, 1 << 20, 'Maximum size of a request body, or of a line of an NDJSON stream, in bytes'),
  MAX_BYTES_IN_FLIGHT: integer(65_536, 2 ** 40, 16 << 20, 'Maximum bytes of the request bodies and unread answers of all connections together; more are rejected with 503'),
  REDIS_URL: text('', 'Redis server (redis:// or rediss://); empty caches in memory only'),
  REDIS_URL_FILE: text('', 'File that contains REDIS_URL'),
  REDIS_TIMEOUT_MS: integer(1, 60_000, 50, 'Maximum time in milliseconds that a request waits for Redis'),
  CACHE_TTL_SECONDS: integer(1, 365 * 86_400, 86_400, 'Lifetime of a cached answer, in seconds'),
  CACHE_MAX_ENTRIES: integer(0, 100_000_000, 50_000, 'Answers kept in memory (about 300 bytes each); 0 disables the memory cache'),
  API_KEYS: text('', 'Comma-separated API keys of 16 or more characters, each KEY or NAME:KEY; empty disables authentication'),
  API_KEYS_FILE: text('', 'File that contains API_KEYS, one per line or separated by commas'),
  RATE_LIMIT_TEXTS_PER_MINUTE: integer(0, 10_000_000, 0, 'Texts per minute and caller (an API key, or an address if no keys are set); 0 disables the limit'),
  MAX_TEXTS_PER_CALLER: integer(0, 1_000_000, 512, 'Texts that a caller may have in flight; an open NDJSON stream counts as 8; more are rejected with 429; 0 disables the limit'),
  WEB_UI: Type.Boolean({ default: true, title: 'true or false', description: 'Serve the page at / and the API documentation at /docs' }),
  CORS_ORIGINS: text('', 'Comma-separated origins of web pages that may call the service; * allows any'),
  TRUST_PROXY: text('false', 'Take the client address from X-Forwarded-For: true trusts the nearest proxy, a number trusts that many; only behind a proxy that sets the header'),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('', 'OpenTelemetry collector that accepts OTLP over HTTP (port 4318); empty disables tracing'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text('', 'Full URL for traces; overrides the endpoint above'),
  OTEL_EXPORTER_OTLP_HEADERS: text('', 'Headers for the collector: comma-separated key=value pairs'),
  OTEL_SERVICE_NAME: text('', 'Service name in traces; empty means sentiment-service'),
  OTEL_RESOURCE_ATTRIBUTES: text('', 'Resource attributes of every span: comma-separated key=value pairs'),
  OTEL_TRACES_SAMPLER: choice(['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'], 'parentbased_always_on', 'Which requests are traced; the parentbased_ samplers follow the caller\'s traceparent'),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({ minimum: 0, maximum: 1, default: 1, title: 'a number from 0 to 1', description: 'Fraction of requests that a ratio sampler traces' }),
  OTEL_SDK_DISABLED: choice(['true', 'false'], 'false', 'true disables tracing regardless of the other settings'),
  CONNECTION_MAX_AGE_MS: integer(0, HOUR_MS, 0, 'Age in milliseconds after which a connection is closed once its current answer is sent, so that keep-alive clients move to new replicas; drawn per connection, between half of this value and all of it; 0 disables it'),
  SHUTDOWN_DELAY_MS: integer(0, HOUR_MS, 0, 'Time in milliseconds after SIGTERM during which /health answers 503 and requests are still accepted, until load balancers have noticed; 3000 in the container image'),
  SHUTDOWN_GRACE_MS: integer(0, HOUR_MS, 10_000, 'Time in milliseconds that requests in flight have to finish at shutdown')
}, { additionalProperties: false })

/** The effective configuration, checked and with defaults. API_KEYS holds hashes only. */
export type Config = Readonly<Static<typeof configSchema>>

type Key = keyof Config

const KEYS = Object.keys(configSchema.properties) as Key[]

/** Settings that may come from the file that KEY_FILE names. */
const FILE_KEYS = ['API_KEYS', 'HF_TOKEN', 'REDIS_URL'] as const satisfies Key[]

/** Settings whose values never appear in a log or an error. */
export const SECRET_KEYS: ReadonlySet<string> = new Set<Key>([...FILE_KEYS, 'OTEL_EXPORTER_OTLP_HEADERS'])

/** Former names of settings, and the names that replaced them. */
const RENAMED: Readonly<Record<string, Key>> = { RATE_LIMIT_PER_MINUTE: 'RATE_LIMIT_TEXTS_PER_MINUTE' }

/** Environment variable that changes the default of MODEL_FALLBACK: `make start` sets it, and .env takes precedence over it. */
const DEFAULT_FALLBACK = 'MODEL_FALLBACK_DEFAULT'

export interface LoadOptions {
  /** Whether the `.env` file of the working directory counts as well. */
  dotenv?: boolean
  /** Defaults that replace the schema's. */
  defaults?: Partial<Config>
  /** Receives a line for each setting that is probably a mistake. */
  warn?: (line: string) => void
}

/**
 * Reads the configuration from `env` and, if `dotenv` is true, from the `.env` file of the working directory; `env` takes
 * precedence. An empty value means the default. Secrets are removed from `env`, so that neither a worker thread nor a crash
 * report contains them.
 * @throws {ConfigError} naming every invalid setting and its allowed values
 */
export async function loadConfig (env: NodeJS.ProcessEnv, { dotenv = false, defaults = {}, warn = () => {} }: LoadOptions = {}): Promise<Config> {
  const file = dotenv ? readEnvFile('.env', KEYS, warn) : {}
  const problems: string[] = []
  const given = new Map<Key, string>()
  const findValue = (name: string): string | undefined => [env[name], file[name]].map((item) => item?.trim()).find((item) => item !== undefined && item !== '')
  for (const key of KEYS) {
    const value = findValue(key)
    if (value !== undefined) given.set(key, value)
  }
  for (const [name, key] of Object.entries(RENAMED)) {
    const value = findValue(name)
    if (value === undefined) continue
    warn(`${name} is now ${key}: it limits texts, not requests`)
    if (!given.has(key)) given.set(key, value)
  }
  if (!given.has('MODEL_FALLBACK') && env[DEFAULT_FALLBACK]) given.set('MODEL_FALLBACK', env[DEFAULT_FALLBACK])
  for (const key of SECRET_KEYS) delete env[key]
  warnOfNearMisses([...Object.keys(env), ...Object.keys(file)], warn)
  for (const key of FILE_KEYS) check(key, problems, () => readSecret(key, given))
  for (const [key, value] of given) {
    check(key, problems, () => {
      // eslint-disable-next-line no-control-regex
      if (/[\0-\x1f\x7f]/.test(value)) throw new RangeError('must not contain control characters or line breaks')
      if (/^(["'`]).*\1$/.test(value)) throw new RangeError('must not be in quotes: only a .env file may have them')
      given.set(key, normalize(key, value, warn))
    })
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const config = await validate(given, defaults)
  if (config.QUEUE_LIMIT < config.MAX_BATCH_SIZE) {
    throw new ConfigError([`QUEUE_LIMIT (${config.QUEUE_LIMIT}) must be at least MAX_BATCH_SIZE (${config.MAX_BATCH_SIZE}): no full batch could be accepted`])
  }
  if (config.METRICS_PORT !== 0 && config.METRICS_PORT === config.API_PORT) {
    throw new ConfigError([`METRICS_PORT must differ from API_PORT (${config.API_PORT}), or be 0 to serve /metrics there`])
  }
  return config
}

/** The configuration as it may be logged: secrets are replaced by whether they are set, and URLs have no credentials. */
export function describeConfig (config: Config): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => {
    if (SECRET_KEYS.has(key)) return [key, value === '' ? '(not set)' : '(set)']
    return [key, typeof value === 'string' ? hideCredentials(value) : value]
  }))
}

/** Worker threads to start when INFERENCE_WORKERS is 0 and `quota` CPUs (Infinity: no limit) may be used. */
export function defaultWorkers (quota: number, cores = availableParallelism()): number {
  return Math.max(1, Math.floor(Math.min(quota, cores)))
}

function check (key: Key, problems: string[], work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.push(`${key} ${error.message}`)
  }
}

function readSecret (key: typeof FILE_KEYS[number], given: Map<Key, string>): void {
  const path = given.get(`${key}_FILE`)
  if (path === undefined) return
  if (given.has(key)) throw new RangeError(`and ${key}_FILE are both set: set only one of them`)
  given.set(key, readSecretFile(path))
}

/** A value in the form that the schema and the service expect. */
function normalize (key: Key, value: string, warn: (line: string) => void): string {
  if (key === 'API_KEYS') return hashKeys(value)
  if (key === 'OTEL_SDK_DISABLED') return openTelemetryBoolean(key, value, warn)
  const schema = configSchema.properties[key] as TSchema & { enum?: string[] }
  return FORMATS[key]?.(value) ?? schema.enum?.find((item) => item === value.toLowerCase()) ?? value
}

/** OpenTelemetry's specification: only `true`, in any case, is true; another value is false, with a warning. */
function openTelemetryBoolean (key: Key, value: string, warn: (line: string) => void): string {
  const lower = value.toLowerCase()
  if (lower !== 'true' && lower !== 'false') warn(`${key} is ${quote(value)}: OpenTelemetry defines only true and false, and any other value as false`)
  return String(lower === 'true')
}

/** Warns of names that differ from a setting's in case, or in a letter or two: the setting would silently keep its default. */
function warnOfNearMisses (names: readonly string[], warn: (line: string) => void): void {
  for (const name of new Set(names)) {
    if (!/^[A-Z]\w{4,}$/i.test(name) || (KEYS as string[]).includes(name) || name in RENAMED) continue
    const near = KEYS.find((key) => leven(key, name.toUpperCase()) <= (key.length < 10 ? 1 : 2))
    if (near !== undefined) warn(`${name} is not a setting: is ${near} meant?`)
  }
}

async function validate (given: ReadonlyMap<Key, string>, defaults: Partial<Config>): Promise<Config> {
  // @fastify/env decorates an instance, but the server's own options (log level, limits) are needed to create it.
  const reader = Fastify()
  try {
    await reader.register(fastifyEnv, { schema: withDefaults(defaults), data: Object.fromEntries(given), env: false, dotenv: false })
  } catch (error) {
    throw asConfigError(error, given)
  }
  return (reader as unknown as { config: Config }).config
}

function withDefaults (defaults: Partial<Config>): object {
  const changed = Object.entries(defaults).map(([key, value]) => [key, { ...configSchema.properties[key as Key], default: value }])
  return { ...configSchema, properties: { ...configSchema.properties, ...Object.fromEntries(changed) as object } }
}

interface SchemaError { instancePath: string }

function asConfigError (error: unknown, given: ReadonlyMap<Key, string>): Error {
  const errors = (error as { errors?: SchemaError[] }).errors
  if (errors === undefined) return error as Error
  const keys = new Set(errors.map((item) => item.instancePath.slice(1) as Key))
  return new ConfigError([...keys].map((key) => describeProblem(key, given.get(key) ?? '')))
}

function describeProblem (key: Key, value: string): string {
  const allowed = describeAllowed(configSchema.properties[key])
  // Kubernetes sets NAME_PORT=tcp://ADDRESS:PORT in every Pod for a Service called NAME.
  if (key.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)) {
    return `${key} is ${quote(value)}, which Kubernetes sets for a Service named "${key.slice(0, -5).toLowerCase()}": set enableServiceLinks: false in the Pod, rename the Service, or set ${key} to ${allowed}`
  }
  return `${key} must be ${allowed}, not ${quote(value)}`
}

function describeAllowed (schema: object): string {
  const { type, enum: values, minimum, maximum, title } = schema as Record<string, unknown>
  if (Array.isArray(values)) return `one of ${values.join(', ')}`
  if (type === 'integer') return `a whole number from ${String(minimum)} to ${String(maximum)}`
  return typeof title === 'string' ? title : 'text'
}
