import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readCommit } from '../../../bench/lib/machine.ts'

it('reports an unknown commit outside a Git checkout', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'no-checkout-'))
  try {
    expect(readCommit(directory)).toBe('unknown')
  } finally {
    await rm(directory, { recursive: true })
  }
})
