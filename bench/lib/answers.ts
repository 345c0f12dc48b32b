import type { LoadRequest } from './load.ts'

/** The answer to each body, asked one after the other: what a load's answers are compared with. */
export async function askOneByOne (url: string, bodies: readonly string[]): Promise<string[]> {
  const answers: string[] = []
  for (const body of bodies) {
    const response = await fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const answer = await response.text()
    if (!response.ok) throw new Error(`${url} answers with ${response.status}: ${answer}`)
    answers.push(answer)
  }
  return answers
}

export const bodyOf = (text: string): string => JSON.stringify({ text })

/** Requests for `texts`, their answers known from a one-by-one run. */
export async function knownRequests (url: string, texts: readonly string[]): Promise<LoadRequest[]> {
  const bodies = texts.map(bodyOf)
  const answers = await askOneByOne(url, bodies)
  return bodies.map((body, index) => ({ body, expect: answers[index] as string }))
}

/** Every so many requests of a load, one is known. Odd, so that every connection gets some of them. */
const STEP = 5

/** `all` with `few` among the first of them. */
export function mixIn<T> (few: readonly T[], all: readonly T[]): T[] {
  const mixed = [...all]
  few.forEach((item, index) => mixed.splice(index * STEP, 0, item))
  return mixed
}
