import { defineConfig } from 'vitest/config'

/** Checks of the manifests without a cluster: run by `make lint-kubernetes`. `-u` writes the files that are generated. */
export default defineConfig({
  test: {
    name: 'kubernetes-lint',
    include: ['tests/kubernetes/lint/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
