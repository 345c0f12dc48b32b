import { isUtf8 } from 'node:buffer'
import type { FastifyBaseLogger, FastifyError } from 'fastify'
import { InternalError, LineTooLongError, PROBLEM_TITLES, ValidationError } from '../errors.ts'
import { explainLine, isStreamLine, type StreamLine, type StreamProblem } from './schemas/predict.ts'
import type { Line } from './lines.ts'
import { toProblem } from './schemas/problem.ts'

export const NDJSON = 'application/x-ndjson'

const SPACE = 0x20
const TAB = 0x09

/** Whether a line is blank: blank lines are skipped. */
export function isBlank ({ bytes }: Line): boolean {
  return bytes?.every((byte) => byte === SPACE || byte === TAB) ?? false
}

/**
 * Parses a line.
 * @throws the catalogue's LINE_TOO_LONG and VALIDATION
 */
export function parseLine ({ bytes }: Line, maxBytes: number): Exclude<StreamLine, string> {
  if (bytes === undefined) throw new LineTooLongError(maxBytes)
  if (!isUtf8(bytes)) throw new ValidationError('The line is not valid UTF-8')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    // The parser's message quotes the line.
    throw new ValidationError('The line is not valid JSON')
  }
  if (!isStreamLine(value)) throw new ValidationError(explainLine(value))
  return typeof value === 'string' ? { text: value } : value
}

export interface LineSource {
  line: number
  id?: string | number | undefined
  requestId: string
}

/** The line sent instead of an answer. An error outside the catalogue is logged and reported as INTERNAL. */
export function problemLine (error: unknown, { line, id, requestId }: LineSource, log: FastifyBaseLogger): string {
  const known = (error as FastifyError).code in PROBLEM_TITLES ? error as FastifyError : new InternalError()
  if (known.code === 'INTERNAL') log.error({ err: error, line }, 'A line of a stream failed')
  const problem: StreamProblem = { line, ...(id !== undefined && { id }), ...toProblem(known, requestId) }
  return `${JSON.stringify(problem)}\n`
}
