import { expect, it } from 'vitest'
import { startApp } from '../support/app.ts'

it('docs/openapi.json equals the document that the service publishes (npm run openapi updates it)', async () => {
  const app = await startApp({ ready: false })
  const document = (await app.inject('/openapi.json')).json<object>()
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../docs/openapi.json')
})
