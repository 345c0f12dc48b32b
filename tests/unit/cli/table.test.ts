import { describe, expect, it } from 'vitest'
import { parse } from 'csv-parse/sync'
import { collect, convert, createTable, chunksOf, HEADER_CELLS, RESULT_CELLS } from './support.ts'

/** Cells of a comma-separated file, as another implementation reads them. */
const parseCells = (text: string, delimiter = ','): string[][] => parse(text, { delimiter, record_delimiter: ['\r\n', '\n', '\r'] })

describe('cells with line breaks', () => {
  it.each([
    ['LF in a file of CRLF, as Excel writes Alt+Enter', 'id,text\r\n1,"good food\nbad service"\r\n2,fine\r\n', 'good food\nbad service'],
    ['CR in a file of LF', 'id,text\n1,"good food\rbad service"\n2,fine\n', 'good food\rbad service'],
    ['CRLF in a file of LF', 'id,text\n1,"good food\r\nbad service"\n2,fine\n', 'good food\r\nbad service'],
    ['all three, with doubled quotes', 'id,text\r\n1,"a\n\r\n\rb ""c"""\r\n2,fine\r\n', 'a\n\r\n\rb "c"']
  ])('keeps %s', async (_name, input, text) => {
    const { texts, output } = await convert(createTable(), input)
    expect(texts).toEqual([text, 'fine'])
    expect(parseCells(output)).toEqual([['id', 'text', ...HEADER_CELLS], ['1', text, ...RESULT_CELLS], ['2', 'fine', ...RESULT_CELLS]])
  })

  it('writes every row as it was read, whatever its style of quoting', async () => {
    const rows = ['"1",plain', '2,"quoted"', '3,5" pipe', '4,"one"two', '5,""', '6,']
    const { output } = await convert(createTable(), `id,text\n${rows.join('\n')}`)
    expect(output.trimEnd().split('\n').slice(1).map((line, index) => line.startsWith(`${rows[index]},`))).toEqual(rows.map(() => true))
  })
})

describe('line endings', () => {
  it.each([
    ['CRLF after the header, then LF', 'text\r\na\nb\nc\n'],
    ['LF after the header, then CRLF', 'text\na\r\nb\r\nc\r\n'],
    ['CR only', 'text\ra\rb\rc\r'],
    ['CR only, without a last one', 'text\ra\rb\rc'],
    ['all three', 'text\na\rb\r\nc']
  ])('finds the rows with %s', async (_name, input) => {
    for (const size of [1, 2, 3, 1000]) {
      expect((await convert(createTable(), input, size)).texts).toEqual(['a', 'b', 'c'])
    }
  })

  it('ends the output rows as the header ends: in CRLF, else in LF', async () => {
    expect((await convert(createTable(), 'text\r\na\n')).output).toBe('text,label,score_negative,score_positive,error\r\na,positive,0.25,0.75,\r\n')
    expect((await convert(createTable(), 'text\ra\r')).output).toBe('text,label,score_negative,score_positive,error\na,positive,0.25,0.75,\n')
  })
})

describe('other delimiters', () => {
  it.each([
    ['semicolons', 'id;text\n1;a, b\n', ';'],
    ['tabs', 'id\ttext\n1\ta, b; c\n', '\t'],
    ['vertical bars', 'id|text\n1|a, b; c\n', '|'],
    ['semicolons and quoted names', '"id";"text"\r\n"1";"a, b"\r\n', ';'],
    ['semicolons with decimal commas', 'score;text\n0,5;a, b\n1,5;c\n', ';']
  ])('detects %s by the column’s name', async (_name, input, delimiter) => {
    const { rows, texts, output } = await convert(createTable(), input)
    expect(texts[0]).toMatch(/^a, b/)
    expect(parseCells(output, delimiter)).toEqual(parseCells(input, delimiter).map((cells, index) => [...cells, ...(index === 0 ? HEADER_CELLS : RESULT_CELLS)]))
    expect(rows).toHaveLength(parseCells(input, delimiter).length - 1)
  })

  it.each([
    ['a number', { column: '2' }, 'id;comment\n1;a, b\n2;c\n3;d, e, f\n', ['a, b', 'c', 'd, e, f']],
    ['a number and no header', { column: '2', header: false }, '1;a, b\n2;c\n', ['a, b', 'c']],
    ['a number, and commas that divide each row evenly', { column: '2' }, 'id,"a;b"\n1,"c;d"\n', ['c;d']],
    ['Excel’s sep line', {}, 'sep=|\r\nid|text\r\n1|a\r\n', ['a']],
    ['the delimiter given', { delimiter: '^' }, 'id^text\n1^a\n', ['a']],
    ['the delimiter given against the header', { delimiter: ',', column: '1' }, 'a;text\nb;c\n', ['b;c']]
  ])('detects the delimiter with %s', async (_name, options, input, texts) => {
    for (const size of [1, 7, 1000]) expect((await convert(createTable(options), input, size)).texts).toEqual(texts)
  })

  it('repeats Excel’s sep line in the output, before the header', async () => {
    const { output } = await convert(createTable(), 'sep=;\r\nid;text\r\n1;a\r\n')
    expect(output).toBe('sep=;\r\nid;text;label;score_negative;score_positive;error\r\n1;a;positive;0.25;0.75;\r\n')
  })

  it('takes a single column of any plain name as the text', async () => {
    expect((await convert(createTable(), 'What did you like?\nthe food; the view\n')).texts).toEqual(['the food; the view'])
  })

  it.each([
    ['another column', 'id;tweet\n1;a\n', 'There is no column "text"; the columns, separated by semicolons, are "id", "tweet"'],
    ['an unknown delimiter', 'id^text\n1^a\n', 'There is no column "text"; the columns are "id^text". Use --column to name one, or --delimiter'],
    ['columns of fixed width', 'id    text\n1     a\n', '--delimiter'],
    ['a colon', 'id:text\n1:a\n', '--delimiter']
  ])('refuses a table with %s, and names what it found', async (_name, input, message) => {
    await expect(convert(createTable(), input)).rejects.toThrow(message)
  })
})

describe('TSV with and without quoting', () => {
  const table = (options = {}) => createTable({ preferred: '\t', ...options })

  it.each([
    ['line breaks, as pandas writes them', 'id\ttext\n1\t"line one\nline two"\n2\t"He said ""great"""\n3\tok\n', ['line one\nline two', 'He said "great"', 'ok']],
    ['a tab', 'id\ttext\n1\t"a\tb"\n', ['a\tb']],
    ['a quote that is not closed', 'id\ttext\n1\t"half a quote\n2\tb\n', ['"half a quote', 'b']],
    ['quotes around a part of the text', 'id\ttext\n1\t"great" they said\n2\tb\n', ['"great" they said', 'b']],
    ['a quote at the start of one cell and the end of another', 'id\ttext\n1\t"so\n2\tlong"\n', ['"so', 'long"']],
    ['a quote that is not closed in the last row', 'id\ttext\n1\ta\n2\t"b', ['a', '"b']],
    ['quotes inside a cell', 'id\ttext\n1\t5" pipe\n', ['5" pipe']]
  ])('reads a cell with %s', async (_name, input, texts) => {
    for (const size of [1, 5, 1000]) {
      const { texts: found, output } = await convert(table(), input, size)
      expect(found).toEqual(texts)
      expect(output).toContain(`${input.trimEnd().split('\n').at(-1)}\tpositive`)
    }
  })

  it('fills up short rows with tabs', async () => {
    expect((await convert(table({ column: '1' }), 'text\tid\na\n')).output).toBe('text\tid\tlabel\tscore_negative\tscore_positive\terror\na\t\tpositive\t0.25\t0.75\t\n')
  })
})

describe('rows that do not fit', () => {
  it('fills up a short row and skips blank lines between rows of several cells', async () => {
    const { output } = await convert(createTable(), '\n\nid,text,note\n1,a\n\n2\n')
    expect(output).toBe('id,text,note,label,score_negative,score_positive,error\n1,a,,positive,0.25,0.75,\n2,,,positive,0.25,0.75,\n')
  })

  it.each([
    ['too many cells', 'id,text\n1,"a\nb"\n2,b,c\n', 'Line 4 has 3 cells and the first row 2, separated by commas'],
    ['a quote that is never closed', 'id,text\n1,a\n2,"b\n3,c\n', 'Line 3: a quoted cell is not closed'],
    ['a quote that swallows rows', 'id,text\n1,"a\n2,b\n3,"c"\n', 'Line 2: a quoted cell is not closed'],
    ['a column that exists', 'text,label\na,b\n', 'The input has a column "label" already; give the new columns a --prefix']
  ])('stops at %s and names the line', async (_name, input, message) => {
    for (const size of [1, 1000]) await expect(convert(createTable(), input, size)).rejects.toThrow(message)
  })

  it('marks a row beyond the longest and keeps the cells before it', async () => {
    const { rows, output } = await convert(createTable(), `id,text,note\n1,"${'x'.repeat(9 * 1024 * 1024)}",n\n2,ok,n\n`)
    expect(rows.map(({ error }) => error)).toEqual(['LINE_TOO_LONG', undefined])
    expect(output.split('\n').slice(1)).toEqual(['1,,,,,,LINE_TOO_LONG', '2,ok,n,positive,0.25,0.75,', ''])
  })

  it('reads the same from any division into chunks', async () => {
    const input = '\ufeffid;text\r\n1;"a ""b""\r\nc"\r\n\r\n2;d\r3;"e"f\n4;5" g\n'
    const whole = await convert(createTable({ column: '2' }), input)
    for (let size = 1; size < input.length; size++) expect(await convert(createTable({ column: '2' }), input, size)).toEqual(whole)
    expect(whole.texts).toEqual(['a "b"\r\nc', 'd', 'ef', '5" g'])
  })

  it('writes the byte order mark that the input has', async () => {
    const table = createTable({ hasMark: () => true })
    await collect(table.rows(chunksOf('text\na\n')))
    expect(table.head()).toMatch(/^\ufefftext,label/)
  })
})
