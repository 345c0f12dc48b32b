import { describe, expect, it } from 'vitest'
import { callerDirectory, parseOptions } from '../../../src/cli/predict/options.ts'

describe('parseOptions', () => {
  it.each([
    ['a.csv', 'csv', 'a.scored.csv'],
    ['data/a.TSV.gz', 'tsv', 'data/a.scored.TSV.gz'],
    ['a.jsonl', 'ndjson', 'a.scored.jsonl'],
    ['a.b.txt', 'lines', 'a.b.scored.csv']
  ])('derives format and output from %s', (file, format, out) => {
    expect(parseOptions([file])).toMatchObject({ input: file, format, out, formatGiven: false })
  })

  it.each<[string[], string]>([
    [[], 'Give one FILE'],
    [['a.csv', 'b.csv'], 'Give one FILE'],
    [['a.xyz'], 'The format of a.xyz is unknown'],
    [['-'], 'The format of standard input is unknown'],
    [['a.csv', '--format', 'xml'], '--format must be csv, tsv, ndjson, lines'],
    [['a.csv', '--delimiter', ''], '--delimiter must be one character'],
    [['a.csv', '--delimiter', ';;'], '--delimiter must be one character'],
    [['a.csv', '--delimiter', '"'], '--delimiter must be one character'],
    [['a.jsonl', '--delimiter', ','], '--delimiter is for csv and tsv'],
    [['a.csv', '--encoding', 'klingon'], '--encoding "klingon" is unknown'],
    [['a.csv', '--out', './a.csv'], '--out must not be the input'],
    [['~/a.csv'], '~/a.csv: the shell did not expand ~'],
    [['a.csv', '--out', '~/b.csv'], '~/b.csv: the shell did not expand ~'],
    [['a.csv', '--url', 'ftp://host'], '--url must be an address'],
    [['a.csv', '--url', 'http://'], '--url must be an address'],
    [['a.csv', '--url', 'http://host/?a=b'], '--url must not have a query'],
    [['a.csv', '--colunm', 'x'], '--colunm']
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })

  it('does not repeat a password in a URL', () => {
    expect(() => parseOptions(['a.csv', '--url', 'http://me:secret@host'])).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
  })

  it.each([['tab', '\t'], ['\\t', '\t'], ['semicolon', ';'], ['^', '^']])('reads %s as a delimiter', (value, delimiter) => {
    expect(parseOptions(['a.csv', '--delimiter', value])?.delimiter).toBe(delimiter)
  })
})

describe('the folder that paths are relative to', () => {
  it('is the caller’s if npm runs the script', () => {
    expect(callerDirectory({ npm_lifecycle_event: 'predict', INIT_CWD: '/home/me/data' })).toBe('/home/me/data')
    expect(parseOptions(['tweets.csv', '--out', '../out.csv'], '/home/me/data')).toMatchObject({ input: '/home/me/data/tweets.csv', out: '/home/me/out.csv' })
  })

  it('is the working directory without npm, or inside another script', () => {
    expect(callerDirectory({})).toBeUndefined()
    expect(callerDirectory({ npm_lifecycle_event: 'nightly', INIT_CWD: '/home/me' })).toBeUndefined()
  })

  it.each(['/dev/stdin', '/dev/fd/63', '/proc/self/fd/0'])('writes to standard output if the input is %s', (input) => {
    expect(parseOptions([input, '--format', 'csv'])?.out).toBeUndefined()
    expect(parseOptions([input, '--format', 'csv', '--out', 'out.csv'])?.out).toBe('out.csv')
  })

  it('writes beside a file in shared memory', () => {
    expect(parseOptions(['/dev/shm/a.csv'])?.out).toBe('/dev/shm/a.scored.csv')
  })

  it('leaves absolute paths and standard input as they are', () => {
    expect(parseOptions(['/tmp/a.csv'], '/home/me')).toMatchObject({ input: '/tmp/a.csv', out: '/tmp/a.scored.csv' })
    expect(parseOptions(['-', '--format', 'csv'], '/home/me')).toMatchObject({ input: '-', out: undefined })
  })
})
