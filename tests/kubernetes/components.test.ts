import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kubectl, NAMESPACE } from './support/kubectl.ts'
import { componentNames, DEPLOY, render, renderWith } from './lint/render.ts'

/** A folder with the definitions of the operators' kinds; only the test cluster of this repository has it. */
const { KUBERNETES_CRDS } = process.env

describe.skipIf(KUBERNETES_CRDS === undefined)('the API server accepts', () => {
  beforeAll(async () => {
    await kubectl(['create', '--filename', KUBERNETES_CRDS as string])
    await kubectl(['wait', '--filename', KUBERNETES_CRDS as string, '--for', 'condition=Established', '--timeout', '120s'])
  })

  afterAll(async () => { await kubectl(['delete', '--filename', KUBERNETES_CRDS as string]) })

  const dryRun = async (text: string): Promise<string> =>
    await kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], { input: text })

  it('every component in the restricted namespace without a warning', async () => {
    for (const name of await componentNames()) {
      const { text } = await renderWith(name)
      // The namespace exists; objects of the base have none of their own.
      const output = await kubectl(['apply', '--dry-run=server', '--validate=strict', '--warnings-as-errors', '--namespace', NAMESPACE, '--filename', '-'], { input: text })
      expect(output, name).toMatch(/deployment.apps\/sentiment (configured|unchanged)/)
    }
  })

  it('the example overlay', async () => {
    const { text } = await render(`${DEPLOY}/overlays/example`)
    const output = await dryRun(text.replaceAll('namespace: sentiment\n', `namespace: ${NAMESPACE}\n`))
    for (const kind of ['servicemonitor', 'prometheusrule', 'ingress', 'job.batch', 'horizontalpodautoscaler']) expect(output).toContain(kind)
  })
})
