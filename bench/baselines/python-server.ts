import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createPythonEnvironment, PythonUnavailableError } from '../../scripts/lib/python-environment.ts'
import { ServerProcess } from '../../tests/support/server-process.ts'
import type { BenchModel } from '../lib/model.ts'
import type { Starter } from '../lib/rounds.ts'

const locate = (file: string): string => fileURLToPath(new URL(`python/${file}`, import.meta.url))

/** The Python baselines: what a user would deploy instead. Each has its own environment for `server.py`. */
const BASELINES = [
  { name: 'fastapi', backend: 'onnxruntime', requirements: 'requirements.txt', environment: 'bench-onnxruntime' },
  { name: 'fastapiTuned', backend: 'onnxruntime-tuned', requirements: 'requirements.txt', environment: 'bench-onnxruntime' },
  { name: 'openvino', backend: 'openvino', requirements: 'requirements-openvino.txt', environment: 'bench-openvino' }
] as const

/** A Python baseline that is ready to start, or the reason why it cannot run here. */
export type PythonBaseline = { name: typeof BASELINES[number]['name'] } & ({ start: Starter } | { unavailable: string })

/** Creates the environments and converts the model. Takes minutes the first time; both are cached under .cache. */
export async function preparePythonBaselines (model: BenchModel): Promise<PythonBaseline[]> {
  const prepared: PythonBaseline[] = []
  for (const { name, backend, requirements, environment } of BASELINES) {
    try {
      const program = `${createPythonEnvironment(environment, readFileSync(locate(requirements), 'utf8').trim().split('\n'))}/python`
      const env = {
        BACKEND: backend,
        MODEL_DIRECTORY: model.directory,
        ...(name === 'openvino' && { OPENVINO_MODEL: await convertToOpenVino(program, model) })
      }
      prepared.push({
        name,
        start: async () => {
          const server = await ServerProcess.start([locate('server.py')], env, program)
          return { name, url: server.url, process: server }
        }
      })
    } catch (error) {
      if (!(error instanceof PythonUnavailableError)) throw error
      prepared.push({ name, unavailable: error.message })
    }
  }
  return prepared
}

/** Path of the model in OpenVINO's format, converted unless this file was converted before. */
async function convertToOpenVino (program: string, { directory }: BenchModel): Promise<string> {
  const source = `${directory}/onnx/model_quantized.onnx`
  const hash = createHash('sha256')
  await pipeline(createReadStream(source), hash)
  const target = `${dirname(dirname(program))}/models/${hash.digest('hex').slice(0, 16)}`
  const xml = `${target}/model.xml`
  if (existsSync(xml)) return xml
  const unfinished = `${target}.unfinished`
  await mkdir(unfinished, { recursive: true })
  try {
    await promisify(execFile)(program, [locate('openvino_model.py'), source, `${unfinished}/model.xml`])
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new PythonUnavailableError(`the model could not be converted: ${stderr.trim().split('\n').at(-1) || message}`)
  }
  await rename(unfinished, target)
  return xml
}
