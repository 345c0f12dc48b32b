import type { TestProject } from 'vitest/node'
import { findChromium } from '../../support/find-chromium.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of Chromium; undefined if it is not installed. */
    chromium: string | undefined
  }
}

/** Runs once before the test files, because apt cannot install Chromium for several of them at the same time. */
export default function setup (project: TestProject): void {
  project.provide('chromium', findChromium())
}
