import type { TestProject } from 'vitest/node'
import { findChromium } from '../../support/find-chromium.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the Chromium that tests start; undefined where there is none. */
    chromium: string | undefined
  }
}

/** Once, before test files run side by side: each would install a missing Chromium, and apt works for one at a time. */
export default function setup (project: TestProject): void {
  project.provide('chromium', findChromium())
}
