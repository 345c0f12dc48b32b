import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { run } from './support/run.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Settings that Compose fixes inside the container. */
const FIXED = ['API_HOST', 'API_PORT', 'EMBEDDED_MODEL_DIR', 'MODEL_DIR', 'REDIS_URL', 'REDIS_URL_FILE']

/** Returns the service's environment, given the contents of `.env` and of the shell's environment. */
async function serviceEnvironment (envFile: Record<string, string>, shell: Record<string, string>): Promise<Record<string, string | null>> {
  const folder = await mkdtemp(join(tmpdir(), 'settings-'))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  await cp(join(ROOT, 'docker'), join(folder, 'docker'), { recursive: true })
  await writeFile(join(folder, '.env'), Object.entries(envFile).map(([key, value]) => `${key}=${value}\n`).join(''))
  const { stdout } = await run('docker', ['compose', '--env-file', '.env', '-f', 'docker/docker-compose.yml', 'config', '--format', 'json'], { cwd: folder, env: shell })
  const config = JSON.parse(stdout) as { services: { api: { environment: Record<string, string | null> } } }
  return config.services.api.environment
}

it('every setting of .env.example reaches the container, with the shell\'s value before that of .env', async () => {
  const example = await readFile(join(ROOT, '.env.example'), 'utf8')
  const keys = [...example.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map((match) => match[1] as string).filter((key) => !FIXED.includes(key))
  expect(keys).toContain('API_KEYS')
  const set = (value: string): Record<string, string> => Object.fromEntries(keys.map((key) => [key, value]))
  expect(await serviceEnvironment(set('of-file'), {})).toMatchObject(set('of-file'))
  // docker sets its own value of this one for its plugins.
  expect(await serviceEnvironment(set('of-file'), set('of-shell'))).toMatchObject({ ...set('of-shell'), OTEL_RESOURCE_ATTRIBUTES: 'of-file' })
})
