import { InferenceClient, InferenceClientProviderApiError } from '@huggingface/inference'

const endpointUrl = process.env.SENTIMENT_URL ?? 'http://127.0.0.1:8000'
const client = new InferenceClient() // with API_KEYS set: new InferenceClient('KEY')

const [best] = await client.textClassification({ endpointUrl, inputs: 'I love this!', parameters: { top_k: 1 } })
console.log(best?.label, best?.score)

try {
  // Without this option the client retries a 503 immediately and without limit.
  await client.textClassification({ endpointUrl, inputs: '' }, { retry_on_error: false })
} catch (error) {
  if (!(error instanceof InferenceClientProviderApiError)) throw error
  console.log(error.httpResponse.status, error.message)
}
