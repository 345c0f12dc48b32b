/** A text is unreadable if more than this share of its letters belongs to scripts that the model cannot read. */
const MAX_UNREADABLE_SHARE = 0.5

const LETTER = /\p{L}/gu

/** Words that preprocessing masks, and other links: their letters are not the writer's. */
const MASKED_WORD = /^(?:@.|http|www\.)/i

/** Counts the letters of a text that belong to other scripts than the model's. */
export type ScriptCheck = (text: string) => boolean

/**
 * Returns a function that reports whether more than half of a text's letters (`\p{L}`) belong to none of `scripts`. User
 * names and links do not count. It is no language detector: French passes as Latin.
 * @param scripts Unicode script names, e.g. `Latin`; none: every text is readable, because nothing is known of the model
 */
export function createScriptCheck (scripts: readonly string[]): ScriptCheck {
  if (scripts.length === 0) return () => false
  const readable = new RegExp(`[${scripts.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`, 'u')
  return (text) => {
    if (isAscii(text)) return false
    const words = text.split(/\s+/).filter((word) => !MASKED_WORD.test(word))
    const letters = words.join(' ').match(LETTER) ?? []
    const unreadable = letters.filter((letter) => !readable.test(letter)).length
    return unreadable > letters.length * MAX_UNREADABLE_SHARE
  }
}

/** ASCII letters are Latin: most tweets need no counting. */
function isAscii (text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7F]*$/.test(text)
}
