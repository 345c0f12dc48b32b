import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { sendProblem } from '../problem.ts'

/** Errors as problem details. */
export default fp((app: FastifyInstance, _options, done) => {
  app.decorateReply('problemCode', undefined)
  app.setErrorHandler(sendProblem)
  done()
}, { name: 'errors' })
