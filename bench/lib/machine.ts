import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** What figures were measured on. */
export interface Machine {
  processor: string
  cores: number
  /** The processor's best instructions for int8 products, which dominate the model's cost. */
  int8: string
  memoryGiB: number
  node: string
  /** Short commit hash, followed by a plus if tracked files differ from it; `unknown` outside a Git checkout. */
  commit: string
  /** Versions of the packages that the figures depend on. */
  packages: Record<string, string>
}

const PACKAGES = ['fastify', '@xenova/transformers', 'onnxruntime-node', 'ioredis', 'autocannon']

export function describeMachine (): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    int8: detectInt8Instructions(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: readCommit('.'),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, readVersion(name)]))
  }
}

/** Formats a machine as one line. */
export function formatMachine ({ processor, cores, int8, node, commit, packages }: Machine): string {
  return `${processor}, ${cores} cores, ${int8}, Node ${node}, ONNX Runtime ${packages['onnxruntime-node']}, commit ${commit}`
}

function detectInt8Instructions (): string {
  const flags = readOptional('/proc/cpuinfo')
  if (/\bavx512_vnni\b/.test(flags)) return 'AVX-512 VNNI'
  if (/\bavx_vnni\b/.test(flags)) return 'AVX VNNI'
  return /\bavx2\b/.test(flags) ? 'AVX2' : process.arch
}

function readVersion (name: string): string {
  const manifest = JSON.parse(readOptional(`node_modules/${name}/package.json`) || '{}') as { version?: string }
  return manifest.version ?? 'not found'
}

function readOptional (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Reads `Machine.commit`. */
export function readCommit (directory: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
