import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { ConfigError, loadConfig } from '../config.ts'
import { loggerOptions } from '../logger.ts'
import { resolveModel } from '../model/catalog.ts'
import { ModelError } from '../model/errors.ts'
import { terminalProgress } from '../model/progress.ts'
import { ModelStore } from '../model/store.ts'

const USAGE = `Usage: npm run model -- pull [NAME]      download a model into MODEL_DIR
       npm run model -- verify [NAME]    read its files again and compare them with what was downloaded

NAME is a hub id; without it MODEL_NAME counts. MODEL_REVISION, MODEL_DTYPE, HF_ENDPOINT and HF_TOKEN apply.
`

/** Runs one command; returns the exit code: 0 done, 1 failed, 2 wrong usage. */
async function main (command: string | undefined, name: string | undefined): Promise<number> {
  const config = await loadConfig({ ...process.env, ...(name !== undefined && { MODEL_NAME: name }) }, { dotenv: true })
  const spec = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  const store = new ModelStore({
    directory: config.MODEL_DIR,
    embeddedDirectory: config.EMBEDDED_MODEL_DIR,
    endpoint: config.HF_ENDPOINT,
    logger: pino(loggerOptions(config.LOG_LEVEL)),
    onProgress: terminalProgress(),
    ...(config.HF_TOKEN !== '' && { token: config.HF_TOKEN })
  })
  if (command === 'pull') {
    const { directory } = await store.ensure(spec)
    process.stdout.write(`${spec.name} is in ${directory}\n`)
    return 0
  }
  if (command === 'verify') {
    const files = await store.verify(spec)
    for (const { file, bytes, status } of files) process.stdout.write(`${status.padEnd(8)} ${file} ${bytes ?? ''}\n`)
    return files.every(({ status }) => status === 'ok') ? 0 : 1
  }
  process.stderr.write(USAGE)
  return 2
}

try {
  const { positionals: [command, name] } = parseArgs({ allowPositionals: true })
  process.exitCode = await main(command, name)
} catch (error) {
  if (!(error instanceof ModelError || error instanceof ConfigError || error instanceof TypeError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
