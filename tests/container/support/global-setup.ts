import type { TestProject } from 'vitest/node'
import { cleanCheckout, removeCheckout } from './checkout.ts'
import { run } from './run.ts'
import { buildOverride } from './stack.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The clean checkout that the image was built from. */
    checkout: string
    tag: string
  }
}

/** Builds the image once, from what a clean clone contains. */
export default async function setup (project: TestProject): Promise<() => Promise<void>> {
  const checkout = await cleanCheckout()
  const tag = `test-${process.pid}`
  project.provide('checkout', checkout)
  project.provide('tag', tag)
  await run('make', ['image'], { cwd: checkout, env: { IMAGE_TAG: tag, COMPOSE_FILES: await buildOverride(checkout) } })
  return async () => {
    await run('docker', ['image', 'rm', '--force', `sentiment-service:${tag}`], { allow: [1] })
    await removeCheckout(checkout)
  }
}
