import { defineConfig } from 'vitest/config'

const layer = (name: string, timeout: number, globalSetup: string[] = []) => ({
  test: {
    name,
    globalSetup,
    setupFiles: ['tests/support/patient-waits.ts'],
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: Math.max(timeout, 60_000)
  }
})

export default defineConfig({
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    // More test files at once than cores would only slow the end-to-end layer down.
    maxWorkers: 2,
    projects: [
      layer('unit', 30_000),
      layer('worker', 90_000),
      layer('integration', 120_000),
      layer('e2e', 240_000),
      layer('browser', 120_000, ['tests/browser/support/global-setup.ts'])
    ]
  }
})
