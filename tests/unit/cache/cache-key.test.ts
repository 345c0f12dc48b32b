import { describe, expect, it } from 'vitest'
import { createKeyer } from '../../../src/cache/cache-key.ts'

const identity = { name: 'owner/model', revision: 'main', dtype: 'q8' }

describe('createKeyer', () => {
  const keyOf = createKeyer(identity)

  it('gives one key for one text, without the text in it', () => {
    expect(keyOf('a secret')).toBe(createKeyer({ ...identity })('a secret'))
    expect(keyOf('secret')).toMatch(/^sentiment:1:[\w-]{43}$/)
  })

  it.each([{ name: 'owner/other' }, { revision: 'v2' }, { dtype: 'fp32' }])('gives another key under %j', (change) => {
    expect(createKeyer({ ...identity, ...change })('text')).not.toBe(keyOf('text'))
  })

  it('does not confuse model and text', () => {
    expect(createKeyer({ name: 'a', revision: 'b', dtype: 'c' })('d')).not.toBe(createKeyer({ name: 'a', revision: 'bc', dtype: '' })('d'))
  })

  it('tells lone surrogates from each other and from U+FFFD', () => {
    expect(new Set(['\ud800', '\ud801', '\udc00', '\ufffd'].map(keyOf)).size).toBe(4)
  })
})
