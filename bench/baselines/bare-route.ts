import Fastify from 'fastify'

/** Limit (d): a Fastify route that parses the same request, sends the same JSON and does nothing else. */

const ANSWER = {
  label: 'positive',
  score: 0.984612,
  scores: { negative: 0.002713, neutral: 0.012675, positive: 0.984612 },
  model: 'cardiffnlp/twitter-roberta-base-sentiment-latest',
  cached: true,
  truncated: false
}

const app = Fastify()
app.get('/health', () => ({ status: 'ok' }))
app.post('/predict', () => ANSWER)
await app.listen({ host: '127.0.0.1', port: Number(process.env.API_PORT) })
