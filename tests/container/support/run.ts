import { spawn } from 'node:child_process'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  input?: string
  /** Exit codes other than 0 that count as success. */
  allow?: readonly number[]
}

/** Runs a command to its end. Rejects with its output if it fails. */
export async function run (command: string, args: readonly string[], { cwd, env, input = '', allow = [] }: RunOptions = {}): Promise<Outcome> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { stdout += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk })
  child.stdin.on('error', () => { /* the command exited without reading its input */ })
  child.stdin.end(input)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => { resolve(status ?? 1) })
  })
  if (code !== 0 && !allow.includes(code)) {
    throw new Error(`${command} ${args.join(' ')} exited with ${code}:\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`)
  }
  return { code, stdout, stderr }
}

/** Runs `docker` with these arguments and returns its output without the last line break. */
export async function docker (...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout.trim()
}

/** Returns one field of `docker inspect`. */
export async function inspect<T> (name: string, format: string): Promise<T> {
  return JSON.parse(await docker('inspect', '--format', `{{json ${format}}}`, name)) as T
}
