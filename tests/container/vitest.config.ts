import { defineConfig } from 'vitest/config'

/** The container layer: run by `make test-container`, which starts an engine if none is running. */
export default defineConfig({
  test: {
    name: 'container',
    include: ['tests/container/**/*.test.ts'],
    globalSetup: ['tests/container/support/global-setup.ts'],
    // One stack at a time, so that measured outages and start times are not affected by another stack.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    reporters: ['verbose']
  }
})
