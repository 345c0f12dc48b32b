/** The cells from one place of a text to the end of the record, or as many as the text holds. */
export interface ParsedRecord {
  cells: string[]
  /** End of the last cell, or start of the one that is incomplete. */
  end: number
  /** The text ends before the record does. */
  incomplete: boolean
  /** The text ends inside a quoted cell. */
  open: boolean
  /** A quoted cell that spans lines is followed by text: a quote is missing or not doubled. */
  unbalanced: boolean
}

/** Reads one record at `from`; `ended` if no more text follows. */
export type RecordParser = (text: string, from: number, ended: boolean) => ParsedRecord

interface QuotedCell {
  value: string
  /** -1 if the text ends before the cell does. */
  end: number
  open: boolean
  unbalanced: boolean
}

/**
 * A parser of delimited records in which LF, CRLF and CR end a row. Quotes are parsed as in Excel, pandas and Python's csv: a cell
 * that starts with a quote ends at the next one that is not doubled, and any other quote is a character. In tab-separated files, which may
 * be written without quoting at all, a quote is also a character if the cell does not end at the closing one, or if the cell
 * would span both lines and columns.
 */
export function createRecordParser (delimiter: string): RecordParser {
  const boundary = new RegExp(`[${delimiter.replace(/[\\\]^-]/, '\\$&')}\r\n]`, 'g')
  const isTabs = delimiter === '\t'

  /** Index of the next delimiter, line break or end of the text; -1 if more text may follow. */
  function findEnd (text: string, from: number, ended: boolean): number {
    boundary.lastIndex = from
    return boundary.exec(text)?.index ?? (ended ? text.length : -1)
  }

  /** The cell whose opening quote is at `from`, or undefined if that quote is a character of an unquoted cell. */
  function parseQuotedCell (text: string, from: number, ended: boolean): QuotedCell | undefined {
    let value = ''
    let hasTab = false
    let hasLineBreak = false
    for (let start = from + 1; ;) {
      const quote = text.indexOf('"', start)
      const piece = text.slice(start, quote < 0 ? text.length : quote)
      value += piece
      hasTab ||= isTabs && piece.includes('\t')
      hasLineBreak ||= /[\r\n]/.test(piece)
      if (hasTab && hasLineBreak) return undefined
      if (quote < 0) return isTabs && ended ? undefined : { value, end: -1, open: true, unbalanced: false }
      const next = text[quote + 1]
      if (next === '"') {
        value += '"'
        start = quote + 2
        continue
      }
      const end = next === undefined && !ended ? -1 : findEnd(text, quote + 1, ended)
      const isFollowed = next !== undefined && end !== quote + 1
      if (isTabs && isFollowed) return undefined
      return { value: end < 0 ? value : value + text.slice(quote + 1, end), end, open: false, unbalanced: isFollowed && hasLineBreak }
    }
  }

  return (text, from, ended) => {
    const cells: string[] = []
    let unbalanced = false
    for (let start = from; ;) {
      const quoted = text[start] === '"' ? parseQuotedCell(text, start, ended) : undefined
      unbalanced ||= quoted?.unbalanced === true
      const end = quoted === undefined ? findEnd(text, start, ended) : quoted.end
      // A CR at the end of the text may be half of a CRLF.
      if (end < 0 || (!ended && text[end] === '\r' && end === text.length - 1)) {
        return { cells, end: start, incomplete: true, open: quoted?.open === true, unbalanced }
      }
      cells.push(quoted?.value ?? text.slice(start, end))
      if (text[end] !== delimiter) return { cells, end, incomplete: false, open: false, unbalanced }
      start = end + 1
    }
  }
}
