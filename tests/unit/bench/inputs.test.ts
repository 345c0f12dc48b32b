import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@xenova/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTextsOfLength, generateTweets } from '../../../bench/load/tweets.ts'
import { drawZipf } from '../../../bench/load/zipf.ts'
import { BASE } from '../../../bench/reference-model/shape.ts'
import { robertaTokenizer, TOKENIZER_CONFIG } from '../../../bench/reference-model/tokenizer.ts'

let directory: string
let reference: PreTrainedTokenizer
let compact: PreTrainedTokenizer

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenizer-'))
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(robertaTokenizer(BASE.vocabulary)))
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify(TOKENIZER_CONFIG))
  env.localModelPath = dirname(directory)
  reference = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })
  env.localModelPath = 'models'
  compact = await AutoTokenizer.from_pretrained('compact', { local_files_only: true })
})

afterAll(() => rm(directory, { recursive: true, force: true }))

describe('generateTweets', () => {
  it('generates texts of 8 to 60 tokens with a mean of about 28 for both models', () => {
    const texts = generateTweets(1, 3000)
    for (const tokenizer of [reference, compact]) {
      const lengths = texts.map((text) => tokenizer.encode(text).length)
      expect(Math.min(...lengths)).toBeGreaterThanOrEqual(8)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(60)
      const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
      expect(mean).toBeGreaterThan(27)
      expect(mean).toBeLessThan(29)
    }
  })

  it('gives every block of 32 texts the same distribution of lengths', () => {
    const tokens = generateTweets(1, 320).map((text) => text.split(' ').length + 2)
    for (let start = 0; start < tokens.length; start += 32) {
      const block = tokens.slice(start, start + 32)
      expect(Math.abs(block.reduce((sum, length) => sum + length) / block.length - 28)).toBeLessThan(1)
      expect(Math.min(...block)).toBeLessThan(15)
      expect(Math.max(...block)).toBeGreaterThan(45)
    }
  })

  it('generates different texts, and the same texts for the same seed', () => {
    expect(new Set(generateTweets(1, 2000)).size).toBe(2000)
    expect(generateTweets(1, 10)).toEqual(generateTweets(1, 10))
    expect(generateTweets(2, 10)).not.toEqual(generateTweets(1, 10))
  })
})

describe('generateTextsOfLength', () => {
  it('generates texts of exactly the requested number of tokens', () => {
    for (const text of generateTextsOfLength(1, 5, 512)) expect(reference.encode(text)).toHaveLength(512)
  })
})

describe('drawZipf', () => {
  it('draws the item of rank r about 1 / r as often as the first', () => {
    const counts = new Map<number, number>()
    for (const rank of drawZipf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 50_000, 1)) counts.set(rank, (counts.get(rank) ?? 0) + 1)
    for (const rank of [2, 5, 10]) {
      expect((counts.get(1) ?? 0) / (counts.get(rank) ?? 1)).toBeCloseTo(rank, -0.5)
    }
    expect(counts.size).toBe(10)
  })

  it('draws the same items for the same seed', () => {
    expect(drawZipf(['a', 'b', 'c'], 20, 3)).toEqual(drawZipf(['a', 'b', 'c'], 20, 3))
  })
})
