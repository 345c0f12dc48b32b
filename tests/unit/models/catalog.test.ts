import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { COMPACT_REVISION } from '../../../src/models/catalog.ts'

it('names the embedded model\'s revision after its weights', async () => {
  const weights = await readFile(new URL('../../../models/compact/onnx/model_quantized.onnx', import.meta.url))
  expect(createHash('sha256').update(weights).digest('hex').slice(0, COMPACT_REVISION.length)).toBe(COMPACT_REVISION)
})
