import type { FastifyReply, FastifyRequest } from 'fastify'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { coalesceSameTick } from '../../../src/http/prediction-request.ts'

it('continues the requests of one event loop tick together, in their order, before those of the next tick', async () => {
  const hook = coalesceSameTick() as unknown as (request: FastifyRequest, reply: FastifyReply, next: () => void) => void
  const seen: string[] = []
  const arrive = (name: string, then = (): void => {}): void => {
    hook({} as FastifyRequest, {} as FastifyReply, () => {
      seen.push(name)
      then()
    })
  }
  arrive('first', () => arrive('of the next turn'))
  arrive('second')
  expect(seen).toEqual([])
  await turn()
  expect(seen).toEqual(['first', 'second'])
  await turn()
  expect(seen).toEqual(['first', 'second', 'of the next turn'])
})
