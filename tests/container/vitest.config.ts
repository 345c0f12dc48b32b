import { defineConfig } from 'vitest/config'

/** The container layer: run by `make test-container`, which brings an engine where there is none. */
export default defineConfig({
  test: {
    name: 'container',
    include: ['tests/container/**/*.test.ts'],
    globalSetup: ['tests/container/support/global-setup.ts'],
    // One stack at a time: the outages and start times that are measured belong to one stack alone.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    reporters: ['verbose']
  }
})
