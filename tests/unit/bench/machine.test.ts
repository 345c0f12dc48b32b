import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commitOf } from '../../../bench/lib/machine.ts'

it('measures outside a Git checkout as well, and says that the commit is unknown', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'no-checkout-'))
  try {
    expect(commitOf(directory)).toBe('unknown')
  } finally {
    await rm(directory, { recursive: true })
  }
})
