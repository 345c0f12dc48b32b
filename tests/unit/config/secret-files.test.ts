import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hashKeys } from '../../../src/config/api-keys.ts'
import { loadConfig } from '../../../src/config.ts'

let directory: string
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'secrets-')) })
afterEach(() => rmSync(directory, { recursive: true }))

const secret = (content: string): string => {
  const path = join(directory, 'secret')
  writeFileSync(path, content)
  return path
}

it.each([
  ['HF_TOKEN', 'hf_secret\n', 'hf_secret'],
  ['REDIS_URL', '\uFEFF redis://:password@host \r\n', 'redis://:password@host'],
  ['API_KEYS', 'first-key-of-16-ch\nsecond-key-of-16-c\n\n', hashKeys('first-key-of-16-ch,second-key-of-16-c')]
])('reads %s from a file', async (key, content, value) => {
  expect(await loadConfig({ [`${key}_FILE`]: secret(content) })).toMatchObject({ [key]: value })
})

it('rejects an empty file: it would disable authentication', async () => {
  await expect(loadConfig({ API_KEYS_FILE: secret('\n') })).rejects.toThrow(/^API_KEYS comes from ".*", which is empty$/)
})

it('rejects a file that is missing or too large, and a variable beside its file', async () => {
  await expect(loadConfig({ HF_TOKEN_FILE: join(directory, 'none') })).rejects.toThrow(/^HF_TOKEN comes from ".*none", which cannot be read \(ENOENT\)$/)
  await expect(loadConfig({ HF_TOKEN_FILE: directory })).rejects.toThrow(/^HF_TOKEN comes from ".*", which is a directory: name the file in it$/)
  await expect(loadConfig({ REDIS_URL_FILE: secret('x'.repeat(70_000)) })).rejects.toThrow('larger than 65536 bytes')
  await expect(loadConfig({ HF_TOKEN: 'hf_x', HF_TOKEN_FILE: secret('hf_y') })).rejects.toThrow(/^HF_TOKEN and HF_TOKEN_FILE are both set: set only one of them$/)
})

it('does not repeat the content of a file', async () => {
  await expect(loadConfig({ REDIS_URL_FILE: secret('http://user:password@host') })).rejects.toThrow(/^REDIS_URL must be an address that starts with redis:\/\/ or rediss:\/\/[^d]*$/)
})
