import { readFileSync, statSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigError, quote } from './formats.ts'

const MAX_BYTES = 65_536

/**
 * The secret in a file, as Docker and Kubernetes mount them: without white space at its ends; lines are joined by commas.
 * @throws {RangeError} whose message completes "KEY …" and never contains the content
 */
export function readSecretFile (path: string): string {
  let content: string
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) throw new RangeError(`comes from ${quote(path)}, which is a directory: name the file in it`)
    if (stats.size > MAX_BYTES) throw new RangeError(`comes from ${quote(path)}, which is larger than ${MAX_BYTES} bytes`)
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof RangeError) throw error
    throw new RangeError(`comes from ${quote(path)}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
  const lines = content.replace(/^\uFEFF/, '').split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== '')
  if (lines.length === 0) throw new RangeError(`comes from ${quote(path)}, which is empty`)
  return lines.join(',')
}

/** Encodings by byte order mark. */
const MARKS: readonly (readonly [mark: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be']
]

/**
 * Reads an environment file with Node's own parser, the one behind `node --env-file`. Returns no values if there is no file.
 * @param keys settings that must not be lost to a syntax error
 * @param warn receives a line for each oddity that changes no meaning
 * @throws {ConfigError} if the file cannot be read, or one of `keys` would be lost or cut
 */
export function readEnvFile (path: string, keys: readonly string[], warn: (line: string) => void = () => {}): Record<string, string> {
  const bytes = readBytes(path)
  if (bytes === undefined) return {}
  const text = normalizeLines(decode(path, bytes))
  const values = parseEnv(text) as Record<string, string>
  checkLines(path, text, keys, values, warn)
  return values
}

function readBytes (path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') throw new ConfigError([`${path} is a folder, not a file: remove it (Docker creates one if the file to mount is missing)`])
    throw new ConfigError([`${path} cannot be read (${code ?? 'unknown error'})`])
  }
}

function decode (path: string, bytes: Buffer): string {
  const encoding = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1] ?? 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // The message below states what to do.
  }
  throw new ConfigError([`${path} is not UTF-8 text: save it as UTF-8`])
}

/** Removes what Node 20's parser misreads: carriage returns, indentation, and tabs around the equals sign. */
function normalizeLines (text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/^[ \t]+/gm, '').replace(/^((?:export[ \t]+)?\w+)[ \t]*=[ \t]*/gm, '$1=')
}

/** A line that probably sets a value, although the parser may not read it: YAML, JSON, or a command of another shell. */
const SETTING = /^[^\w#;/]*(?:(?:export|set|env)[\s:]+)?["']?(\w+)["']?\s*[=:]\s*(.*)$/i

/** Node's parser never fails: after a line without a key it skips or joins lines. A setting must not disappear silently. */
function checkLines (path: string, text: string, keys: readonly string[], values: Record<string, string>, warn: (line: string) => void): void {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const [, key, value] = SETTING.exec(line) ?? []
    if (key === undefined || value === undefined || !keys.includes(key)) continue
    if (seen.has(key)) warn(`${path} sets ${key} more than once: the last value counts`)
    seen.add(key)
    if (values[key] === undefined) problems.push(`${path}, line ${index + 1}: ${key} cannot be read: write ${key}=value, and check the quotes of this line and the lines before it`)
    else if (/^[^'"`#\s][^#]*[^#\s]#/.test(value)) problems.push(`${path}, line ${index + 1}: # starts a comment in the value of ${key}: put the value in quotes, or a space before the comment`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
