import { describe, expect, it } from 'vitest'
import type { Result } from '../../../src/cli/predict/rows.ts'
import { createJsonLines, createTable, RESULT_OPTIONS } from './support.ts'
import { JsonLines } from '../../../src/cli/predict/json-lines.ts'
import { resultCells, resultNames } from '../../../src/cli/predict/cells.ts'

const sentences = [{ offset: 0, length: 5, label: 'positive', score: 0.9 }, { offset: 6, length: 4, label: 'negative', score: 0.8 }]
const result: Result = { label: 'positive', scores: { negative: 0.4, positive: 0.6 }, sentences, mixed: true, warnings: ['SCRIPT'] }
const all = { ...RESULT_OPTIONS, sentences: true, warnings: true }

describe('the columns of --sentences and --warnings', () => {
  it('hold the number of sentences, whether they are mixed, and the warnings', () => {
    expect(resultNames(all)).toEqual(['label', 'score_negative', 'score_positive', 'sentences', 'mixed', 'warnings', 'error'])
    expect(resultCells(result, all)).toEqual(['positive', '0.4', '0.6', '2', 'true', 'SCRIPT', ''])
    expect(resultCells({ label: 'positive', scores: { negative: 0, positive: 1 } }, { ...all, sentences: false })).toEqual(['positive', '0', '1', '', ''])
    expect(resultCells({ error: 'EMPTY_TEXT' }, all)).toEqual(['', '', '', '', '', '', 'EMPTY_TEXT'])
  })

  it('hold the sentences themselves in NDJSON', () => {
    const format = new JsonLines({ ...all, column: 'text' })
    expect(JSON.parse(format.write({ row: { raw: '{"text":"Good. Bad."}', text: 'Good. Bad.' }, result }))).toEqual({
      text: 'Good. Bad.', label: 'positive', score_negative: 0.4, score_positive: 0.6, sentences, mixed: true, warnings: ['SCRIPT']
    })
  })

  it('are not there without the options', () => {
    expect(createTable().write({ row: { raw: 'a', text: 'a' }, result })).toBe('a,positive,0.4,0.6,\n')
    expect(createJsonLines().write({ row: { raw: '{"text":"a"}', text: 'a' }, result })).toBe('{"text":"a","label":"positive","score_negative":0.4,"score_positive":0.6}\n')
  })
})
