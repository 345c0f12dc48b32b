import { EmptyTextError, textTooLong } from '../errors.ts'
import { isBlank } from './text.ts'

/**
 * Throws EMPTY_TEXT for a blank text and TEXT_TOO_LONG for one over `maxLength` characters (Unicode code points).
 * `index` is the text's place in its request, for the message: the text itself never appears.
 */
export function checkText (text: string, index: number, maxLength: number): void {
  // A text has at most as many code points as UTF-16 units: most need no counting.
  if (text.length > maxLength) {
    const length = codePoints(text)
    if (length > maxLength) throw textTooLong(index, length, 'characters', maxLength)
  }
  if (isBlank(text)) throw new EmptyTextError(index)
}

function codePoints (text: string): number {
  return Array.from(text).length
}
