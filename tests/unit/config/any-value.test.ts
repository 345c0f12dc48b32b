import fc from 'fast-check'
import { Redis } from 'ioredis'
import { parseKeyPairsIntoRecord } from '@opentelemetry/core'
import { expect, it } from 'vitest'
import { FORMATS } from '../../../src/config/formats.ts'
import { ConfigError, configSchema, describeConfig, loadConfig, SECRET_KEYS, type Config } from '../../../src/config.ts'

const SECRET = 'S3cr3tPa55'
const KEYS = Object.keys(configSchema.properties)

const piece = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('redis://', 'rediss://', 'https://', 'http://', 'tcp://', '@', ':', '/', '?', '#', '%', '%25', ',', '=', '\n', ' ', '*', 'host', ':6379', '/0', '::1', '[', ']', 'true', '1', '0', '65536', '-1', '..', 'a=b', '\uFEFF', '\uD800')
)
/** Values with a secret at the place of a password, or for secret settings anywhere. */
const anyValue = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
const urlWithSecret = fc.tuple(fc.constantFrom('redis://', 'rediss://', 'https://', 'http://', 'tcp://', 'ftp://'), anyValue, anyValue, anyValue)
  .map(([scheme, user, more, host]) => `${scheme}${user}:${SECRET}${more}@${host}`)
const secretValue = fc.tuple(anyValue, anyValue).map(([before, after]) => before + SECRET + after)

/** Uses an accepted value as the service does. */
function use (config: Config): void {
  if (config.REDIS_URL !== '') {
    const redis = new Redis(config.REDIS_URL, { lazyConnect: true })
    expect(Number(redis.options.db)).toBe(Number(new URL(config.REDIS_URL).pathname.slice(1)))
    redis.disconnect()
  }
  for (const url of [config.HF_ENDPOINT, config.OTEL_EXPORTER_OTLP_ENDPOINT, config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT]) {
    if (url !== '') void new Request(url, { headers: { authorization: `Bearer ${config.HF_TOKEN}` } })
  }
  void new Headers(parseKeyPairsIntoRecord(config.OTEL_EXPORTER_OTLP_HEADERS))
}

/** Loads the settings; every message about them must be a single line without the secret. */
async function load (env: NodeJS.ProcessEnv): Promise<void> {
  const warnings: string[] = []
  try {
    const config = await loadConfig({ ...env }, { warn: (line) => warnings.push(line) })
    use(config)
    expect(JSON.stringify(describeConfig(config))).not.toContain(SECRET)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) {
      expect(problem).toMatch(/^[A-Z_]+ [^\n\r]+$/)
      expect(problem).not.toContain(SECRET)
    }
  }
  for (const line of warnings) expect(line).not.toMatch(/[\n\r]|S3cr3tPa55/)
}

const createArbitrary = (key: string) => SECRET_KEYS.has(key) ? fc.oneof(anyValue, urlWithSecret, secretValue) : fc.oneof(anyValue, urlWithSecret)

it('rejects any values of all keys together with one line per problem that contains no secret', async () => {
  const all = fc.record(Object.fromEntries(KEYS.map((key) => [key, createArbitrary(key)])), { requiredKeys: [] })
  await fc.assert(fc.asyncProperty(all, load), { numRuns: 200 })
}, 60_000)

it.each(Object.keys(FORMATS))('accepts or rejects any value of %s without an exception of another kind', async (key) => {
  await fc.assert(fc.asyncProperty(createArbitrary(key), (value) => load({ [key]: value })), { numRuns: 30 })
}, 60_000)
