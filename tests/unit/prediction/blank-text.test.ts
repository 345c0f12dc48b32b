import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBlank } from '../../../src/prediction/text.ts'

describe('isBlank', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['white space', ' \t\r\n\u00a0\u2003\u2028\u2029\u3000'],
    ['control characters', '\u0000\u001b\u0085'],
    ['a byte order mark', '\ufeff'],
    ['a zero-width space', '\u200b'],
    ['joiners and a variation selector', '\u200b\u200d\ufe0f'],
    ['a word joiner', '\u2060'],
    ['a soft hyphen', '\u00ad'],
    ['direction marks', '\u200e\u202e\u2066\u2069'],
    ['tag characters and supplementary variation selectors', '\u{e0020}\u{e007f}\u{e0100}'],
    ['the blank Braille pattern', '\u2800'],
    ['Hangul fillers', '\u3164\uffa0\u115f\u1160'],
    ['Mongolian variation selectors and the vowel separator', '\u180b\u180e'],
    ['a mark without a base', '\u0301'],
    ['half of a surrogate pair', '\ud83d']
  ])('is true for %s', (_name, text) => {
    expect(isBlank(text)).toBe(true)
  })

  it.each(['a', '7', '!', '...', '❤️', '👩‍👩‍👧', '🇩🇪', '#️⃣', '한', 'é', '⠁', '€', '\u200bx', '\ufffd', '\u{1ffff}'])('is false for %j', (text) => {
    expect(isBlank(text)).toBe(false)
  })

  it('is false if any number of invisible characters surround a visible one', () => {
    const invisible = fc.string({ unit: fc.constantFrom(' ', '\u200b', '\ufe0f', '\u3164', '\u2800', '\n') })
    fc.assert(fc.property(invisible, invisible, fc.constantFrom('a', '9', '?', '🙂'), (before, after, visible) => {
      expect(isBlank(before + after)).toBe(true)
      expect(isBlank(before + visible + after)).toBe(false)
    }))
  })
})
