import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** Where and of what figures were measured. */
export interface Machine {
  processor: string
  cores: number
  /** Instructions for int8 products that the processor has: they decide what the model costs. */
  int8: string
  memoryGiB: number
  node: string
  /** Short hash of the commit, with a plus where files differ from it; `unknown` outside a Git checkout. */
  commit: string
  /** Versions of the packages that the figures depend on. */
  packages: Record<string, string>
}

const PACKAGES = ['fastify', '@xenova/transformers', 'onnxruntime-node', 'ioredis', 'autocannon']

export function describeMachine (): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    int8: int8Instructions(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commitOf('.'),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]))
  }
}

/** One line for a person. */
export function machineLine ({ processor, cores, int8, node, commit, packages }: Machine): string {
  return `${processor}, ${cores} cores, ${int8}, Node ${node}, ONNX Runtime ${packages['onnxruntime-node']}, commit ${commit}`
}

function int8Instructions (): string {
  const flags = readIfThere('/proc/cpuinfo')
  if (/\bavx512_vnni\b/.test(flags)) return 'AVX-512 VNNI'
  if (/\bavx_vnni\b/.test(flags)) return 'AVX VNNI'
  return /\bavx2\b/.test(flags) ? 'AVX2' : process.arch
}

function versionOf (name: string): string {
  const manifest = JSON.parse(readIfThere(`node_modules/${name}/package.json`) || '{}') as { version?: string }
  return manifest.version ?? 'not found'
}

function readIfThere (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** See Machine. */
export function commitOf (directory: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
