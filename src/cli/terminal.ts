/** Characters that move the cursor, change colours or reverse the direction of text on a terminal. */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
/** Control characters other than tabs and line breaks. */
const CONTROL_IN_ROWS = /[^\P{Cc}\t\r\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

const MAX_LINE = 2000

/** One line for a terminal: control characters, which files and remote servers may contain, are escaped; at most 2,000 characters. */
export function printable (text: string): string {
  const line = text.replace(CONTROL, escape)
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line
}

/** Rows for a terminal: as `printable`, but tabs, line breaks and the whole length stay. */
export function printableRows (text: string): string {
  return text.replace(CONTROL_IN_ROWS, escape)
}

function escape (character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
