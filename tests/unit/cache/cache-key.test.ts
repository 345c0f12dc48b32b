import { describe, expect, it } from 'vitest'
import { createKeyer } from '../../../src/inference/model-instance.ts'

const identity = { name: 'owner/model', revision: 'main', dtype: 'q8', digest: 'abc' }

describe('createKeyer', () => {
  const toKey = createKeyer(identity)

  it('maps a text to one key, which does not contain it', () => {
    expect(toKey('a secret')).toBe(createKeyer({ ...identity })('a secret'))
    expect(toKey('secret')).toMatch(/^sentiment:2:[\w-]{43}$/)
  })

  it.each([{ name: 'owner/other' }, { revision: 'v2' }, { dtype: 'fp32' }, { digest: 'abd' }])('maps a text to another key under %j', (change) => {
    expect(createKeyer({ ...identity, ...change })('text')).not.toBe(toKey('text'))
  })

  it('does not confuse model and text', () => {
    expect(createKeyer({ name: 'a', revision: 'b', dtype: 'c', digest: '' })('d')).not.toBe(createKeyer({ name: 'a', revision: 'bc', dtype: '', digest: '' })('d'))
  })

  it('maps lone surrogates and U+FFFD to different keys', () => {
    expect(new Set(['\ud800', '\ud801', '\udc00', '\ufffd'].map(toKey)).size).toBe(4)
  })
})
