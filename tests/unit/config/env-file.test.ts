import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEnvFile } from '../../../src/config/env-file.ts'
import { ConfigError } from '../../../src/config/formats.ts'

const KEYS = ['API_PORT', 'MODEL_NAME', 'REDIS_URL']

describe('readEnvFile', () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'env-'))
    path = join(directory, '.env')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const read = (content: string | Buffer): Record<string, string> => {
    writeFileSync(path, content)
    return readEnvFile(path, KEYS)
  }

  it('returns nothing if there is no file', () => {
    expect(readEnvFile(path, KEYS)).toEqual({})
  })

  it.each([
    ['a UTF-8 byte order mark', '\uFEFFMODEL_NAME=compact\nAPI_PORT=8104\n'],
    ['UTF-16 little endian', Buffer.from('\uFEFFMODEL_NAME=compact\nAPI_PORT=8104\n', 'utf16le')],
    ['UTF-16 big endian', Buffer.from('\uFEFFMODEL_NAME=compact\nAPI_PORT=8104\n', 'utf16le').swap16()],
    ['CRLF line ends', 'MODEL_NAME=compact\r\nAPI_PORT=8104\r\n'],
    ['CR line ends', 'MODEL_NAME=compact\rAPI_PORT=8104\r'],
    ['export', 'export MODEL_NAME=compact\nexport API_PORT=8104'],
    ['comments', '# MODEL_NAME=x\n;REDIS_URL=x\n//REDIS_URL=x\nMODEL_NAME=compact # the small one\n  # indented\nAPI_PORT=8104'],
    ['quotes', 'MODEL_NAME="compact"\nAPI_PORT=\'8104\''],
    ['spaces around the equals sign', 'MODEL_NAME = compact\n  API_PORT\t=\t8104  '],
    ['a key that occurs twice', 'API_PORT=1\nMODEL_NAME=compact\nAPI_PORT=8104']
  ])('reads a file with %s', (_what, content) => {
    expect(read(content)).toMatchObject({ MODEL_NAME: 'compact', API_PORT: '8104' })
  })

  it('keeps # in quotes', () => {
    expect(read('REDIS_URL="redis://:a%23b@host" # cache\nMODEL_NAME=\'a#b\'')).toEqual({ REDIS_URL: 'redis://:a%23b@host', MODEL_NAME: 'a#b' })
  })

  it.each([
    ['UTF-16 without a mark', Buffer.from('MODEL_NAME=compact\n', 'utf16le'), 'is not UTF-8 text: save it as UTF-8'],
    ['Latin-1', Buffer.from('# größer\nMODEL_NAME=compact\n', 'latin1'), 'is not UTF-8 text'],
    ['a line that hides the next key', 'no equals sign\nMODEL_NAME=compact\n', 'line 2: MODEL_NAME cannot be read'],
    ['a line without a key', '=x\nMODEL_NAME=compact\n', 'line 2: MODEL_NAME cannot be read'],
    ['a key as in YAML', 'MODEL_NAME: compact\n', 'line 1: MODEL_NAME cannot be read: write MODEL_NAME=value'],
    ['JSON', '{"MODEL_NAME": "compact"}\n', 'line 1: MODEL_NAME cannot be read'],
    ['a command of Windows', 'set MODEL_NAME=compact\n', 'line 1: MODEL_NAME cannot be read'],
    ['a command of PowerShell', '$env:MODEL_NAME="compact"\n', 'line 1: MODEL_NAME cannot be read'],
    ['a list item', 'API_PORT=8104\n- MODEL_NAME=compact\n', 'line 2: MODEL_NAME cannot be read'],
    ['a byte order mark in the middle, where two files were joined', 'API_PORT=8104\n\uFEFFMODEL_NAME=compact\n', 'line 2: MODEL_NAME cannot be read'],
    ['a # inside an unquoted value', 'REDIS_URL=redis://:secret#pass@host\n', 'line 1: # starts a comment in the value of REDIS_URL']
  ])('rejects %s with a line that states the reason', (_what, content, message) => {
    const attempt = (): unknown => read(content)
    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(message)
    expect(attempt).not.toThrow('secret')
  })

  it('rejects a folder', () => {
    mkdirSync(path)
    expect(() => readEnvFile(path, KEYS)).toThrow('.env is a folder, not a file: remove it (Docker creates one if the file to mount is missing)')
  })

  it('reports a key that occurs twice', () => {
    const lines: string[] = []
    writeFileSync(path, 'API_PORT=1\nAPI_PORT=2\nOTHER=1\nOTHER=2\n')
    readEnvFile(path, KEYS, (line) => lines.push(line))
    expect(lines).toEqual([`${path} sets API_PORT more than once: the last value counts`])
  })
})
