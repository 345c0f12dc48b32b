import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, configSchema, describeConfig, loadConfig } from '../../src/config.ts'

const problemsOf = async (env: Record<string, string>): Promise<readonly string[]> => {
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

  it('takes an empty value for not given', async () => {
    expect(await loadConfig({ API_PORT: '', HF_TOKEN: '' })).toMatchObject({ API_PORT: 8000 })
  })

  it.each([
    [{ API_PORT: 'eighty' }, 'API_PORT must be a whole number from 0 to 65535, not "eighty"'],
    [{ API_PORT: '70000' }, 'API_PORT must be a whole number from 0 to 65535, not "70000"'],
    [{ MODEL_FALLBACK: 'maybe' }, 'MODEL_FALLBACK must be one of off, compact, not "maybe"'],
    [{ API_KEYS: 'long-enough-to-be-a-key,short' }, 'API_KEYS must be keys of at least 16 characters, separated by commas; key 2 has 5'],
    [{ API_KEYS: 'a key with spaces in it' }, 'API_KEYS must be keys of letters, digits and . _ ~ + / - only, separated by commas; key 1 contains another character'],
    [{ CORS_ORIGINS: 'example.org' }, 'CORS_ORIGINS must be origins such as https://example.org separated by commas, or *, not "example.org"'],
    [{ TRUST_PROXY: 'yes' }, 'TRUST_PROXY must be false, true, or how many proxies are in front, not "yes"'],
    [{ HF_ENDPOINT: 'ftp://x' }, 'HF_ENDPOINT must be an address that starts with http:// or https://, not "ftp://x"']
  ])('refuses %j in one line that names the key and what it takes', async (env, line) => {
    expect(await problemsOf(env)).toEqual([line])
  })

  it('names every wrong key', async () => {
    expect(await problemsOf({ API_PORT: 'x', LOG_LEVEL: 'loud' })).toHaveLength(2)
  })

  it('does not repeat a secret', async () => {
    expect((await problemsOf({ REDIS_URL: 'http://user:password@host' })).join()).not.toContain('password')
    const config = await loadConfig({ HF_TOKEN: 'hf_secret', REDIS_URL: 'redis://:password@host', API_KEYS: 'my-own-secret-api-key' })
    expect(JSON.stringify(describeConfig(config))).not.toMatch(/hf_secret|password|my-own/)
    expect(describeConfig(config).API_KEYS).toBe('(set)')
  })

  it('refuses a queue that no full batch fits in', async () => {
    expect(await problemsOf({ QUEUE_LIMIT: '10' })).toEqual([expect.stringContaining('QUEUE_LIMIT')])
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
