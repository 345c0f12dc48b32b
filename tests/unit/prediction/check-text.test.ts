import { describe, expect, it } from 'vitest'
import { checkText } from '../../../src/prediction/text.ts'

describe('checkText', () => {
  it.each(['', ' ', '\n\t ', '\u00a0'])('rejects %j as empty', (text) => {
    expect(() => checkText(text, 3, 10)).toThrow(expect.objectContaining({ code: 'EMPTY_TEXT', statusCode: 422 }))
  })

  it('counts code points: an emoji is one character', () => {
    expect(() => checkText('😡'.repeat(10), 0, 10)).not.toThrow()
    expect(() => checkText('😡'.repeat(11), 0, 10)).toThrow(expect.objectContaining({ code: 'TEXT_TOO_LONG' }))
  })

  it('names the index and the length of a text that is too long, but not the text', () => {
    expect(() => checkText('secret'.repeat(3), 7, 10)).toThrow('Text 7 has 18 characters; at most 10 are allowed')
  })
})
