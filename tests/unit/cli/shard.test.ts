import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mergeShards } from '../../../src/cli/predict/merge.ts'
import { parseOptions } from '../../../src/cli/predict/options.ts'
import { parseShard, selectRows, shardPath, shardRows, surveyRows, writeRecord } from '../../../src/cli/predict/shard.ts'
import type { Row } from '../../../src/cli/predict/rows.ts'
import { collect } from './support.ts'

async function * rowsOf (count: number): AsyncGenerator<Row, void> {
  for (let index = 0; index < count; index++) yield await Promise.resolve({ raw: `row ${index}`, text: `text ${index}` })
}

describe('--shard', () => {
  it('takes I/N, or N with the index from JOB_COMPLETION_INDEX', () => {
    expect(parseShard('2/4', {})).toEqual({ index: 2, count: 4 })
    expect(parseShard('4', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 3, count: 4 })
    expect(parseShard('1/4', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 1, count: 4 })
  })

  it.each(['4/4', '-1/4', '1/0', '0', 'x/4', '1/4/2', '1.5/4', ''])('refuses %j and names what is allowed', (value) => {
    expect(() => parseShard(value, { JOB_COMPLETION_INDEX: '0' })).toThrow('--shard must be I/N with I from 0 to N-1')
  })

  it('refuses a number of shards without an index', () => {
    expect(() => parseShard('4', {})).toThrow('JOB_COMPLETION_INDEX, which is not set; give --shard I/4')
  })

  it('needs a file to read and a file to write, and no --merge beside it', () => {
    expect(() => parseOptions(['-', '--format', 'csv', '--shard', '0/2'])).toThrow('need a FILE and an output file')
    expect(() => parseOptions(['a.csv', '--out', '-', '--merge'])).toThrow('need a FILE and an output file')
    expect(() => parseOptions(['a.csv', '--shard', '0/2', '--merge'])).toThrow('Give either --shard or --merge')
  })

  it.each([
    ['/data/out.csv', '/data/out.shard-1-of-4.csv'],
    ['out.ndjson.gz', 'out.shard-1-of-4.ndjson.gz'],
    ['/data/v1.2/out', '/data/v1.2/out.shard-1-of-4']
  ])('writes %s as %s', (out, path) => {
    expect(shardPath(out, { index: 1, count: 4 })).toBe(path)
  })
})

it('divides any number of rows into contiguous shards that differ by at most one block', () => {
  fc.assert(fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 300 }), (total, count) => {
    const shards = Array.from({ length: count }, (_, index) => shardRows(total, { index, count }))
    let next = 0
    for (const { firstRow, rows } of shards) {
      expect(firstRow).toBe(next)
      expect(rows).toBeGreaterThanOrEqual(0)
      next += rows
    }
    expect(next).toBe(total)
    if (total > 0) expect(shards[0]?.rows).toBeGreaterThan(0)
    const sizes = shards.map(({ rows }) => Math.ceil(rows / 256))
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  }))
})

it('selects the rows of a range', async () => {
  const numbers = async (firstRow: number, rows: number): Promise<string[]> => (await collect(selectRows(rowsOf(10), { firstRow, rows }))).map(({ raw }) => raw)
  expect(await numbers(3, 2)).toEqual(['row 3', 'row 4'])
  expect(await numbers(8, 2)).toEqual(['row 8', 'row 9'])
  expect(await numbers(4, 0)).toEqual([])
})

describe('--merge', () => {
  interface Part { content?: string, identity?: string, input?: string, firstRow?: number, rows?: number }

  /** Three shards of one row each, of which some differ. */
  async function shards (changes: Record<number, Part | undefined> = {}): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'shards-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const out = join(folder, 'out.csv')
    for (let index = 0; index < 3; index++) {
      if (index in changes && changes[index] === undefined) continue
      const path = shardPath(out, { index, count: 3 })
      const { content = `row ${index}\n`, ...record } = changes[index] ?? {}
      await writeFile(path, content)
      await writeRecord(path, { version: 1, identity: 'model a', input: 'abc', totalRows: 3, firstRow: index, rows: 1, ...record })
    }
    return out
  }

  it('puts all shards together in order', async () => {
    const out = await shards()
    expect(await mergeShards(out, false)).toBe(3)
    expect(await readFile(out, 'utf8')).toBe('row 0\nrow 1\nrow 2\n')
  })

  it('refuses to replace an output without --restart', async () => {
    const out = await shards()
    await writeFile(out, 'precious')
    await expect(mergeShards(out, false)).rejects.toThrow('already exists; --restart replaces it')
    await mergeShards(out, true)
    expect(await readFile(out, 'utf8')).toBe('row 0\nrow 1\nrow 2\n')
  })

  it('names the shards that are missing', async () => {
    const out = await shards({ 1: undefined })
    await writeFile(`${shardPath(out, { index: 1, count: 3 })}.partial`, 'half')
    await expect(mergeShards(out, false)).rejects.toThrow('1 of 3 shards of')
    await expect(mergeShards(out, false)).rejects.toThrow('missing or incomplete: 1; run them with --shard I/3')
  })

  it('refuses an output that has no shards', async () => {
    await expect(mergeShards(join(tmpdir(), 'no-such-output.csv'), false)).rejects.toThrow('There are no shards of')
  })

  it('refuses shards of runs with different numbers of shards', async () => {
    const out = await shards()
    await writeFile(shardPath(out, { index: 0, count: 2 }), '')
    await expect(mergeShards(out, false)).rejects.toThrow(/shards of [23] and of [23]; remove/)
  })

  it.each([
    ['another model', { identity: 'model b' }, 'was written with model b'],
    ['another input', { input: 'def' }, 'were made from different inputs'],
    ['other rows', { firstRow: 2 }, 'begins at row 2, not at row 1'],
    ['too few rows', { rows: 0 }, 'begins at row 2, not at row 1']
  ])('refuses a shard with %s', async (_name, change, message) => {
    await expect(mergeShards(await shards({ 1: change }), false)).rejects.toThrow(message)
  })
})

it('surveys the rows without their results', async () => {
  const survey = await surveyRows(rowsOf(3))
  expect(survey.totalRows).toBe(3)
  expect(await surveyRows(rowsOf(3))).toEqual(survey)
  expect((await surveyRows(rowsOf(4))).input).not.toBe(survey.input)
})
