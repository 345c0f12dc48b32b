import { defineConfig } from 'vitest/config'

/** The Kubernetes layer: run by `make test-kubernetes` beside a cluster (KUBECONFIG). */
export default defineConfig({
  test: {
    name: 'kubernetes',
    include: ['tests/kubernetes/*.test.ts'],
    globalSetup: ['tests/kubernetes/support/global-setup.ts'],
    // One deployment is shared: a file that restarts pods would disturb the others.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['verbose']
  }
})
