/** The model's result for one text, from which every answer is derived. */
export interface Classification {
  /** One logit per label, in the model's label order. */
  logits: Float32Array
  /** Tokens of the whole text, before truncation. */
  tokens: number
  truncated: boolean
}

/*
 * A value in Redis, little endian:
 *   0  magic byte        1  flags (bit 0: truncated)    2  label count, uint16
 *   4  tokens, uint32    8  logits, float32 each        …  FNV-1a checksum of all before, uint32
 */
const MAGIC = 0x53
const HEADER = 8
const CHECKSUM = 4
const TRUNCATED = 1

/** Encodes a classification for Redis. */
export function encode ({ logits, tokens, truncated }: Classification): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER + 4 * logits.length + CHECKSUM)
  buffer.writeUInt8(MAGIC, 0)
  buffer.writeUInt8(truncated ? TRUNCATED : 0, 1)
  buffer.writeUInt16LE(logits.length, 2)
  buffer.writeUInt32LE(tokens, 4)
  logits.forEach((logit, index) => buffer.writeFloatLE(logit, HEADER + 4 * index))
  buffer.writeUInt32LE(fnv1a(buffer, buffer.length - CHECKSUM), buffer.length - CHECKSUM)
  return buffer
}

/** Decodes a value; undefined if it is not a classification with `labelCount` labels: damaged, foreign or incomplete. */
export function decode (buffer: Buffer, labelCount: number): Classification | undefined {
  const length = HEADER + 4 * labelCount + CHECKSUM
  if (buffer.length !== length || buffer[0] !== MAGIC || buffer.readUInt16LE(2) !== labelCount) return undefined
  if (buffer.readUInt32LE(length - CHECKSUM) !== fnv1a(buffer, length - CHECKSUM)) return undefined
  const logits = Float32Array.from({ length: labelCount }, (_, index) => buffer.readFloatLE(HEADER + 4 * index))
  if (!logits.every(Number.isFinite)) return undefined
  return { logits, tokens: buffer.readUInt32LE(4), truncated: buffer.readUInt8(1) === TRUNCATED }
}

/** 32-bit FNV-1a of the first `length` bytes. Source: RFC 9923. */
function fnv1a (buffer: Buffer, length: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < length; index++) hash = Math.imul(hash ^ (buffer[index] as number), 0x01000193)
  return hash >>> 0
}
