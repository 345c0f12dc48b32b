import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, configSchema, describeConfig, loadConfig } from '../../src/config.ts'

const readProblems = async (env: Record<string, string>): Promise<readonly string[]> => {
  try {
    await loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('loadConfig', () => {
  it('has a default for every key', async () => {
    expect(await loadConfig({})).toMatchObject({ API_HOST: '127.0.0.1', API_PORT: 8000, MODEL_DTYPE: 'q8', MODEL_FALLBACK: 'off', REDIS_URL: '' })
  })

  it('treats an empty value as not set', async () => {
    expect(await loadConfig({ API_PORT: '', HF_TOKEN: '' })).toMatchObject({ API_PORT: 8000 })
  })

  it.each([
    [{ API_PORT: 'eighty' }, 'API_PORT must be a whole number from 0 to 65535, not "eighty"'],
    [{ API_PORT: '70000' }, 'API_PORT must be a whole number from 0 to 65535, not "70000"'],
    [{ MODEL_FALLBACK: 'maybe' }, 'MODEL_FALLBACK must be one of off, compact, not "maybe"'],
    [{ API_KEYS: 'long-enough-to-be-a-key,short' }, 'API_KEYS must be keys of at least 16 characters, separated by commas; key 2 has 5'],
    [{ API_KEYS: 'a key with spaces in it' }, 'API_KEYS must be keys of letters, digits and . _ ~ + / - only, separated by commas; key 1 contains another character'],
    [{ CORS_ORIGINS: 'example.org' }, 'CORS_ORIGINS must be origins such as https://example.org separated by commas, or *, not "example.org"'],
    [{ TRUST_PROXY: 'maybe' }, 'TRUST_PROXY must be false, true, or the number of proxies in front, not "maybe"'],
    [{ HF_ENDPOINT: 'ftp://x' }, 'HF_ENDPOINT must be an address that starts with http:// or https://'],
    [{ API_PORT: 'tcp://10.0.0.1:8000' }, 'API_PORT is "tcp://10.0.0.1:8000", which Kubernetes sets for a Service named "api": set enableServiceLinks: false in the Pod, rename the Service, or set API_PORT to a whole number from 0 to 65535'],
    [{ METRICS_PORT: 'udp://10.0.0.1:53' }, 'METRICS_PORT is "udp://10.0.0.1:53", which Kubernetes sets for a Service named "metrics": set enableServiceLinks: false in the Pod, rename the Service, or set METRICS_PORT to a whole number from 0 to 65535'],
    [{ API_HOST: 'localhost:8000' }, 'API_HOST must be an IP address or a host name, without a port, not "localhost:8000"'],
    [{ MODEL_NAME: 'a/b/c' }, 'MODEL_NAME must be a model id such as owner/name, or compact, not "a/b/c"'],
    [{ MODEL_REVISION: '../main' }, 'MODEL_REVISION must be a branch, a tag or a commit, not "../main"'],
    [{ MODEL_DIR: '~/models' }, 'MODEL_DIR must be a path: ~ is not expanded here, not "~/models"'],
    [{ HF_TOKEN: 'hf_abc def' }, 'HF_TOKEN must consist of printable ASCII characters without spaces'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, 'OTEL_RESOURCE_ATTRIBUTES must be key=value pairs separated by commas, with special characters percent-encoded; pair 1 is not'],
    [{ LOG_LEVEL: 'info\nAPI_PORT=1' }, 'LOG_LEVEL must not contain control characters or line breaks']
  ])('rejects %j with one line that names the key and its allowed values', async (env, line) => {
    expect(await readProblems(env)).toEqual([line])
  })

  it('reports every invalid key', async () => {
    expect(await readProblems({ API_PORT: 'x', LOG_LEVEL: 'loud' })).toHaveLength(2)
  })

  it('does not repeat a secret', async () => {
    expect((await readProblems({ REDIS_URL: 'http://user:password@host' })).join()).not.toContain('password')
    const config = await loadConfig({ HF_TOKEN: 'hf_secret', REDIS_URL: 'redis://:password@host', API_KEYS: 'my-own-secret-api-key' })
    expect(JSON.stringify(describeConfig(config))).not.toMatch(/hf_secret|password|my-own/)
    expect(describeConfig(config).API_KEYS).toBe('(set)')
  })

  it('rejects a queue that is smaller than a full batch', async () => {
    expect(await readProblems({ QUEUE_LIMIT: '10' })).toEqual([expect.stringContaining('QUEUE_LIMIT')])
  })
})

describe('a URL', () => {
  it.each([
    ['redis://:secret@cache.example:notaport', 'this is not a valid URL. Percent-encode special characters of the password'],
    ['redis://:secret@cache.example:99999', 'this is not a valid URL'],
    ['redis://:100%secret@127.0.0.1', 'write % as %25'],
    ['redis://:p@ss#secret/d@host', 'in a password, write / as %2F, ? as %3F and # as %23'],
    ['redis://user:sec/ret@host', 'is not a valid URL'],
    ['redis://us?er:secret@host', 'must end after the host'],
    ['redis://:secret@host/cache', 'must end after the host, the port and the number of the database'],
    ['redis://:secret@host?db=3', 'must end after the host'],
    ['redis://:secret@', 'valid URL'],
    ['redis://', 'must be an address that starts with redis://'],
    ['redis://:secret@$REDIS_HOST:6379', 'this is not a valid URL'],
    ['redis://:secret@first,second:6379', 'this is not a valid URL'],
    ['"redis://:secret@host"', 'must not be in quotes: only a .env file may have them'],
    ['cache.example:6379', 'must be an address that starts with redis://']
  ])('that no Redis client can use is rejected without its password: %s', async (url, reason) => {
    const problems = await readProblems({ REDIS_URL: url })
    expect(problems).toEqual([expect.stringMatching(/^REDIS_URL [^\n]+$/)])
    expect(problems[0]).toContain(reason)
    expect(problems[0]).not.toMatch(/sec|ret@/)
  })

  it.each(['redis://:p%40ss%23w%2Fd@host/3', 'rediss://user:p@ss@[::1]:6380', 'redis://host:6379/', 'redis://redis_1.svc.cluster.local.:6379'])('is accepted with encoded characters: %s', async (url) => {
    expect(await readProblems({ REDIS_URL: url })).toEqual([])
  })

  it.each(['https://', 'https://a b', 'https://$MIRROR', 'http://host:0', 'http://host:99999', 'http://', 'https://user:secret@host', 'https://host?token=secret', 'https://host/#x'])(
    'that is not the address of a hub or a collector is rejected: %s', async (url) => {
      for (const key of ['HF_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
        const problems = await readProblems({ [key]: url })
        expect(problems).toEqual([expect.stringMatching(new RegExp(`^${key} must [^\n]+$`))])
        expect(problems[0]).not.toContain('secret')
      }
    })
})

describe('a word', () => {
  it.each(['True', 'TRUE', 'yes', 'On', 'true'])('%s means true', async (value) => {
    expect(await loadConfig({ TRUST_PROXY: value })).toMatchObject({ TRUST_PROXY: 'true' })
  })

  it.each(['False', 'NO', 'off', '0'])('%s means false', async (value) => {
    expect(await loadConfig({ TRUST_PROXY: value })).toMatchObject({ TRUST_PROXY: 'false' })
  })

  it.each([['True', 'true', 0], ['TRUE', 'true', 0], ['1', 'false', 1], ['yes', 'false', 1], ['False', 'false', 0]])(
    'OTEL_SDK_DISABLED=%s means %s, as OpenTelemetry defines it', async (value, meaning, warnings) => {
      const lines: string[] = []
      expect(await loadConfig({ OTEL_SDK_DISABLED: value }, { warn: (line) => lines.push(line) })).toMatchObject({ OTEL_SDK_DISABLED: meaning })
      expect(lines).toHaveLength(warnings)
    })

  it('may be in any case and between spaces', async () => {
    expect(await loadConfig({ LOG_LEVEL: ' WARN ', MODEL_DTYPE: 'Q8', API_PORT: ' 8001', CORS_ORIGINS: 'https://Example.org:443/' }))
      .toMatchObject({ LOG_LEVEL: 'warn', MODEL_DTYPE: 'q8', API_PORT: 8001, CORS_ORIGINS: 'https://example.org' })
  })
})

describe('the environment', () => {
  it('has no secret any more once the configuration is loaded', async () => {
    const env = { HF_TOKEN: 'hf_secret', REDIS_URL: 'redis://:password@host', API_KEYS: 'my-own-secret-api-key', OTEL_EXPORTER_OTLP_HEADERS: 'key=secret', LOG_LEVEL: 'warn' }
    await loadConfig(env)
    expect(env).toEqual({ LOG_LEVEL: 'warn' })
  })

  it('that contains a name similar to a setting causes a warning', async () => {
    const lines: string[] = []
    await loadConfig({ API_KEY: 'x', CORS_ORIGIN: 'x', model_name: 'x', API_CPUS: '2', REDIS_PASSWORD: 'x', HOME: '/', API_PORT_8000_TCP: 'x' }, { warn: (line) => lines.push(line) })
    expect(lines).toEqual(['API_KEY is not a setting: is API_KEYS meant?', 'CORS_ORIGIN is not a setting: is CORS_ORIGINS meant?', 'model_name is not a setting: is MODEL_NAME meant?'])
  })

  it('may change the default of MODEL_FALLBACK only', async () => {
    expect(await loadConfig({ MODEL_FALLBACK_DEFAULT: 'compact' })).toMatchObject({ MODEL_FALLBACK: 'compact' })
    expect(await loadConfig({ MODEL_FALLBACK_DEFAULT: 'compact', MODEL_FALLBACK: 'off' })).toMatchObject({ MODEL_FALLBACK: 'off' })
  })
})

describe('the keys and their documents', () => {
  const keys = Object.keys(configSchema.properties).sort()

  it('.env.example has every key, with its default', () => {
    const lines = readFileSync('.env.example', 'utf8').split('\n')
    const shown = lines.flatMap((line) => /^#? ?([A-Z_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
    const values = Object.fromEntries(Array.from({ length: shown.length / 2 }, (_, index) => [shown[2 * index], shown[2 * index + 1]]))
    expect(Object.keys(values).sort()).toEqual(keys)
    for (const [key, schema] of Object.entries(configSchema.properties)) {
      const fallback = String((schema as unknown as { default: unknown }).default)
      // A path of this machine is no example.
      if (key !== 'EMBEDDED_MODEL_DIR') expect(values[key], key).toBe(fallback)
    }
  })

  it('docs/configuration.md has every key, with its default', () => {
    const rows = readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\| \S/gm)
    const documented = Object.fromEntries([...rows].map(([, key, value]) => [key as string, value ?? '']))
    const defaults = Object.entries(configSchema.properties).map(([key, schema]) => [key, String((schema as unknown as { default: unknown }).default)])
    expect(documented).toEqual({ ...Object.fromEntries(defaults), EMBEDDED_MODEL_DIR: 'models/compact' })
  })
})
