import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { ConfigError, loadConfig, type Config } from '../config.ts'
import { createModelStore } from '../create-model-manager.ts'
import { loggerOptions } from '../logger.ts'
import { resolveModel } from '../models/catalog.ts'
import { describeStorageError, ModelError } from '../models/errors.ts'
import { listModels } from '../models/inventory.ts'
import { printable } from './terminal.ts'

const USAGE = `Usage: npm run model -- list             list the models on this machine
       npm run model -- pull [NAME]      download a model into MODEL_DIR
       npm run model -- verify [NAME]    compare a model's files with what was downloaded

NAME is a hub id (default: MODEL_NAME). MODEL_REVISION, MODEL_DTYPE, HF_ENDPOINT and HF_TOKEN apply.
Exit codes: 0 completed, 1 failed or damaged, 2 wrong usage.
`

/** Runs one command and returns its exit code. */
async function main (command: string | undefined, name: string | undefined): Promise<number> {
  const config = await loadConfig({ ...process.env, ...(name !== undefined && { MODEL_NAME: name }) }, { dotenv: true })
  const spec = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  const store = createModelStore(config, pino(loggerOptions(config.LOG_LEVEL)))
  if (command === 'list') {
    await list(config).catch((error: unknown) => { throw describeStorageError(error, spec, config.MODEL_DIR) })
    return 0
  }
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

async function list ({ MODEL_DIR: directory, EMBEDDED_MODEL_DIR: embedded }: Config): Promise<void> {
  const models = await listModels(directory, embedded)
  const rows = models.map(({ name, revision, dtype, bytes, problem }) =>
    [name, revision, dtype, `${(bytes / 1e6).toFixed(1)} MB`, problem ?? 'complete'])
  const table = [['model', 'revision', 'dtype', 'size', 'state'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  for (const row of table) process.stdout.write(`${printable(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))}\n`)
}

function positionals (): string[] {
  try {
    const parsed = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } })
    return parsed.values.help === true || parsed.positionals.length > 2 ? [] : parsed.positionals
  } catch (error) {
    process.stderr.write(`${printable((error as Error).message)}\n`)
    return []
  }
}

try {
  const [command, name] = positionals()
  process.exitCode = await main(command, name)
} catch (error) {
  if (!(error instanceof ModelError || error instanceof ConfigError)) throw error
  process.stderr.write(`${printable(error.message)}\n`)
  process.exitCode = 1
}
