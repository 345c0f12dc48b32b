import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ScoringError } from './errors.ts'

const Name = Type.String({ maxLength: 500 })
const Score = Type.Number({ minimum: 0, maximum: 1 })

const Code = Type.String({ pattern: '^[A-Z][A-Z_]{0,63}$' })

const Info = Type.Object({ model_id: Name, model_sha: Name, model_dtype: Name, labels: Type.Array(Name, { minItems: 1, maxItems: 1000 }) })
export type RemoteInfo = Static<typeof Info>

const Answer = Type.Object({ label: Name, scores: Type.Record(Type.String(), Score), model: Name, warnings: Type.Optional(Type.Array(Code, { maxItems: 10 })) })
const Failure = Type.Object({ code: Code, detail: Type.Optional(Type.String()) })
const Line = Type.Union([Failure, Answer])
/** What is used of one line of a stream's response. */
export type RemoteLine = Static<typeof Line>

const infoValidator = Compile(Info)
const lineValidator = Compile(Line)

/** A label becomes a cell of a spreadsheet: it must not start a formula, nor contain control characters. */
const LABEL = /^[\p{L}\p{N}_][^\p{C}]*$/u

/** The body of `GET /info`. @throws {ScoringError} unless it is that of a sentiment service */
export function parseInfo (text: string, url: string): RemoteInfo {
  const value = parseJson(text)
  if (!infoValidator.Check(value)) throw new ScoringError(`${url}/info did not return what a sentiment service returns`)
  const label = value.labels.find((name) => !LABEL.test(name))
  if (label !== undefined) throw new ScoringError(`${url}/info returned the label ${JSON.stringify(label)}, which a table cannot hold`)
  return value
}

/**
 * One line of a response: an answer with a score for each label, or a failure.
 * @param line undefined if it was too long
 * @throws {ScoringError} unless it is one
 */
export function parseLine (line: string | undefined, labels: readonly string[], url: string): RemoteLine {
  const value = line === undefined ? undefined : parseJson(line)
  if (!lineValidator.Check(value) || ('label' in value && !(labels.includes(value.label) && labels.every((label) => Object.hasOwn(value.scores, label))))) {
    throw new ScoringError(`${url} sent a line that is not an answer of a sentiment service`)
  }
  return value
}

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
