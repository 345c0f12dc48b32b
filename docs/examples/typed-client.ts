import createClient from 'openapi-fetch'
import type { paths } from './sentiment.d.ts'

const client = createClient<paths>({ baseUrl: process.env.SENTIMENT_URL ?? 'http://127.0.0.1:8000' })

const { data, error } = await client.POST('/predict', { body: { text: 'I love this!' } })
if (error) console.error(error.code, error.detail)
else if ('label' in data) console.log(data.label, data.scores.positive)
