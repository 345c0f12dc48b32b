import { describe, expect, it } from 'vitest'
import { splitLines } from '../../../src/cli/predict/lines.ts'
import { chunksOf, collect, convert, createJsonLines, createPlainLines, LABELS, RESULT } from './support.ts'

describe('splitLines', () => {
  it.each([
    ['LF', 'a\nb\n\nc\n', ['a', 'b', '', 'c']],
    ['CRLF', 'a\r\nb\r\n\r\nc', ['a', 'b', '', 'c']],
    ['CR', 'a\rb\r\rc\r', ['a', 'b', '', 'c']],
    ['a mixture', '\r\na\n\rb\r\n\nc', ['', 'a', '', 'b', '', 'c']],
    ['other separators of Unicode, which do not end a line', 'a\u2028b\u0085c\vd', ['a\u2028b\u0085c\vd']]
  ])('splits at %s, however the text is divided', async (_name, text, lines) => {
    for (const size of [1, 2, 3, 100]) expect(await collect(splitLines(chunksOf(text, size)))).toEqual(lines)
  })

  it('drops a line that is too long and keeps the others', async () => {
    for (const size of [1, 4, 100]) expect(await collect(splitLines(chunksOf('abc\nabcd\r\nab', size), 3))).toEqual(['abc', undefined, 'ab'])
  })
})

describe('plain lines', () => {
  it('writes CSV with a column for the text, blank lines included', async () => {
    const { output } = await convert(createPlainLines(), 'one\r\n\ra "b", c')
    expect(output).toBe('text,label,score_negative,score_positive,error\none,positive,0.25,0.75,\n,positive,0.25,0.75,\n"a ""b"", c",positive,0.25,0.75,\n')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '＝1'])('puts an apostrophe in front of %j, so that a spreadsheet does not run it, but scores it as it is', async (text) => {
    const { rows, output } = await convert(createPlainLines(), `a\n${text}\n`)
    expect(rows[1]?.text).toBe(text)
    expect(output).toContain(`\n'${text},positive`)
    expect((await convert(createPlainLines(true), `a\n${text}\n`)).output).toContain(`\n${text},positive`)
  })

  it.each(['id\ttext', 'id,text', '"id";"text"'])('stops at a first line like the header of a table unless the format was given: %j', async (header) => {
    await expect(convert(createPlainLines(false, true), `${header}\n1\n`)).rejects.toThrow('give --format csv or tsv')
    expect((await convert(createPlainLines(), `${header}\n1\n`)).texts).toEqual([header, '1'])
    expect((await convert(createPlainLines(false, true), `A text, of two parts\n${header}\n`)).texts).toEqual(['A text, of two parts', header])
  })
})

describe('NDJSON keys', () => {
  it.each([
    ['a key that only starts like a new one', '{"text":"a","score_reddit":5,"labels":1,"errors":2}', 'a'],
    ['__proto__ as a key', '{"__proto__":{"text":"b"},"text":"a"}', 'a'],
    ['the key twice, of which the last counts, as in other parsers', '{"text":"b","text":"a"}', 'a'],
    ['an escaped key', '{"te\\u0078t":"a"}', 'a'],
    ['a number beyond double precision', '{"n":12345678901234567890,"text":"a"}', 'a']
  ])('keeps %s', async (_name, line, text) => {
    const { texts, output } = await convert(createJsonLines(), `${line}\n`)
    expect(texts).toEqual([text])
    expect(output).toBe(`${line.slice(0, -1)},"label":"positive","score_negative":0.25,"score_positive":0.75}\n`)
  })

  it.each([
    ['a prototype’s text', 'text', '{"__proto__":{"text":"b"}}', 'NO_TEXT'],
    ['a method of every object', 'toString', '{"a":1}', 'NO_TEXT'],
    ['a text that is no string', 'text', '{"text":["a"]}', 'NO_TEXT'],
    ['an array', 'text', '["a"]', 'NOT_AN_OBJECT'],
    ['brackets a million deep', 'text', '['.repeat(1e6), 'NOT_JSON'],
    ['two objects in a line', 'text', '{"text":"a"}{"text":"b"}', 'NOT_JSON']
  ])('marks %s', async (_name, column, line, error) => {
    const { rows, output } = await convert(createJsonLines(column), `${line}\n`)
    expect(rows.map((row) => row.error)).toEqual([error])
    expect(JSON.parse(output)).toMatchObject({ error })
  })

  it.each([
    ['an array in one line', '[{"text":"a"},{"text":"b"}]\n'],
    ['an array of several lines', '\n[\n  {"text":"a"}\n]\n'],
    ['an object of several lines', '{\n  "text":"a"\n}\n']
  ])('stops at a JSON document that is not NDJSON: %s', async (_name, text) => {
    await expect(convert(createJsonLines(), text)).rejects.toThrow(/put each object on a line of its own.*jq -c/)
  })

  it('reads the text under the key __proto__ if that is the column', async () => {
    expect((await convert(createJsonLines('__proto__'), '{"__proto__":"a"}\n')).texts).toEqual(['a'])
  })

  it.each(['label', 'error', 'score_positive', '\\u006cabel'])('stops at the key %s, which is a new one', async (key) => {
    await expect(convert(createJsonLines(), `{"text":"a","${key}":1}`)).rejects.toThrow('--prefix')
    expect((await convert(createJsonLines('text', 'new_'), `{"text":"a","${key}":1}`)).output).toContain('"new_label":"positive"')
  })

  it('adds the keys to an empty object and to a string', async () => {
    const format = createJsonLines()
    expect(format.write({ row: { raw: '{ }', text: '', error: 'NO_TEXT' }, result: { error: 'NO_TEXT' } })).toBe('{"error":"NO_TEXT"}\n')
    expect(JSON.parse(format.write({ row: { raw: '"a"', text: 'a' }, result: RESULT }))).toEqual({ text: 'a', label: 'positive', score_negative: 0.25, score_positive: 0.75 })
    expect(LABELS).toHaveLength(2)
  })
})
