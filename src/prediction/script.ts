/** A text is unreadable if more than this share of its letters belongs to scripts that the model cannot read. */
const MAX_UNREADABLE_SHARE = 0.5

const LETTER = /\p{L}/gu

/** Words that preprocessing masks, and other links: their letters are not the writer's. */
const MASKED_WORD = /^(?:@.|http|www\.)/i

const readableLetters = new Map<string, RegExp>()

/**
 * Whether more than half of a text's letters (`\p{L}`) belong to none of `scripts`. User names and links do not count. It is
 * no language detector: French passes as Latin.
 * @param scripts Unicode script names, e.g. `Latin`; undefined if nothing is known of the model: every text is readable
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

/** ASCII letters are Latin: most tweets need no counting. */
function isAscii (text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7F]*$/.test(text)
}
