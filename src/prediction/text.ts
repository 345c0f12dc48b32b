import { EmptyTextError, textTooLong } from '../errors.ts'

/** A text is unreadable if more than this share of its letters belongs to scripts that the model cannot read. */
const MAX_UNREADABLE_SHARE = 0.5

const LETTER = /\p{L}/gu

/** User names and links: their letters are not counted. */
const MASKED_WORD = /^(?:@.|http|www\.)/i

const readableLetters = new Map<string, RegExp>()

/**
 * Whether more than half of a text's letters (`\p{L}`) belong to none of `scripts`. User names and links do not count. The check does
 * not detect languages: French passes as Latin.
 * @param scripts Unicode script names, e.g. `Latin`; undefined if the model's scripts are unknown: every text is then readable
 */
export function isUnreadable (text: string, scripts: readonly string[] | undefined): boolean {
  if (scripts === undefined || isAscii(text)) return false
  const readable = matchLetters(scripts)
  const words = text.split(/\s+/).filter((word) => !MASKED_WORD.test(word))
  const letters = words.join(' ').match(LETTER) ?? []
  const unreadable = letters.filter((letter) => !readable.test(letter)).length
  return unreadable > letters.length * MAX_UNREADABLE_SHARE
}

function matchLetters (scripts: readonly string[]): RegExp {
  const source = `[${scripts.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`
  const known = readableLetters.get(source) ?? new RegExp(source, 'u')
  readableLetters.set(source, known)
  return known
}

/** ASCII letters are Latin, so most tweets need no counting. */
function isAscii (text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7F]*$/.test(text)
}

/**
 * Throws EMPTY_TEXT for a blank text and TEXT_TOO_LONG for one over `maxLength` characters (Unicode code points).
 * `index` is the text's position in its request, for the message: the text itself never appears in it.
 */
export function checkText (text: string, index: number, maxLength: number): void {
  // A text has at most as many code points as UTF-16 units, so most texts need no counting.
  if (text.length > maxLength) {
    const length = Array.from(text).length
    if (length > maxLength) throw textTooLong(index, length, 'characters', maxLength)
  }
  if (isBlank(text)) throw new EmptyTextError(index)
}

/**
 * Masks user names and links as in the model's training data: a word that starts with `@` and is longer than one character
 * becomes `@user`, a word that starts with `http` becomes `http`; words are separated by single spaces.
 * Source: the model card of cardiffnlp/twitter-roberta-base-sentiment-latest.
 */
export function preprocess (text: string): string {
  if (!text.includes('@') && !text.includes('http')) return text
  return text.split(' ').map(maskWord).join(' ')
}

function maskWord (word: string): string {
  if (word.length > 1 && word.startsWith('@')) return '@user'
  return word.startsWith('http') ? 'http' : word
}

/**
 * Invisible characters: white space, control and format characters, characters that Unicode allows a renderer to ignore (such as
 * variation selectors and Hangul fillers), marks without a base, halves of surrogate pairs, and the blank Braille pattern.
 * Unassigned code points count as visible, because they may be emoji of a later Unicode version.
 */
const INVISIBLE_ONLY = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}\p{Cs}\u2800]*$/u

/** Whether a text has no letter, number, punctuation, symbol or emoji. */
export function isBlank (text: string): boolean {
  return INVISIBLE_ONLY.test(text)
}
