import { buildAuthHeaders } from './api-key.ts'
import type { LoadRequest } from './load.ts'

/** A system answered a request with an error; the message has its status and body. */
export class UnexpectedAnswerError extends Error {}

/** Sends each body after the answer to the previous one; returns the answers. Throws UnexpectedAnswerError unless all succeed. */
export async function sendOneByOne (url: string, bodies: readonly string[]): Promise<string[]> {
  const answers: string[] = []
  for (const body of bodies) {
    const response = await fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json', ...buildAuthHeaders() }, body })
    const answer = await response.text()
    if (!response.ok) throw new UnexpectedAnswerError(`${url} answered with status ${response.status}: ${answer}`)
    answers.push(answer)
  }
  return answers
}

/** The request body for one text. */
export const toBody = (text: string): string => JSON.stringify({ text })

/** Requests for `texts` with the answers that `url` gives one by one. */
export async function recordAnswers (url: string, texts: readonly string[]): Promise<LoadRequest[]> {
  const bodies = texts.map(toBody)
  const answers = await sendOneByOne(url, bodies)
  return bodies.map((body, index) => ({ body, expect: answers[index] as string }))
}

/** Distance between checked requests. Odd, so that every connection sends some of them. */
const STEP = 5

/** Inserts `few` among the first of `all`. */
export function mixIn<T> (few: readonly T[], all: readonly T[]): T[] {
  const mixed = [...all]
  few.forEach((item, index) => mixed.splice(index * STEP, 0, item))
  return mixed
}
