import { describe, expect, it } from 'vitest'
import { printable, printableRows } from '../../../src/cli/terminal.ts'

describe('text from files and servers on a terminal', () => {
  it('cannot clear the screen, set the title, reverse its direction or add lines', () => {
    expect(printable('a\u001b[2J\u009b2Jb\r\n\u202ec\u0007')).toBe('a\\u{1b}[2J\\u{9b}2Jb\\u{d}\\u{a}\\u{202e}c\\u{7}')
  })

  it('keeps tabs and line breaks between rows', () => {
    expect(printableRows('a\tb\u001b[31m\r\nc\u0000\n')).toBe('a\tb\\u{1b}[31m\r\nc\\u{0}\n')
  })

  it('keeps letters, emoji and joiners, and cuts a very long line', () => {
    expect(printable('é 👩‍👩‍👧 한')).toBe('é 👩‍👩‍👧 한')
    expect(printable('x'.repeat(10_000))).toHaveLength(2001)
  })
})
