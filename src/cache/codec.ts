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
 *   4  tokens, uint32    8  logits, float32 each        …  FNV-1a checksum over the key and all bytes before it, uint32
 */
const MAGIC = 0x53
const HEADER = 8
const CHECKSUM = 4
const TRUNCATED = 1

/** Encodes a classification for Redis. The value is valid under `key` only. */
export function encode (key: string, { logits, tokens, truncated }: Classification): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER + 4 * logits.length + CHECKSUM)
  buffer.writeUInt8(MAGIC, 0)
  buffer.writeUInt8(truncated ? TRUNCATED : 0, 1)
  buffer.writeUInt16LE(logits.length, 2)
  buffer.writeUInt32LE(tokens, 4)
  logits.forEach((logit, index) => buffer.writeFloatLE(logit, HEADER + 4 * index))
  buffer.writeUInt32LE(checksum(key, buffer), buffer.length - CHECKSUM)
  return buffer
}

/** Decodes the value of `key`; undefined if it is damaged, foreign, of another key, or does not have `labelCount` labels. */
export function decode (key: string, buffer: Buffer, labelCount: number): Classification | undefined {
  const length = HEADER + 4 * labelCount + CHECKSUM
  if (buffer.length !== length || buffer[0] !== MAGIC || buffer.readUInt16LE(2) !== labelCount) return undefined
  if (buffer.readUInt32LE(length - CHECKSUM) !== checksum(key, buffer)) return undefined
  const logits = Float32Array.from({ length: labelCount }, (_, index) => buffer.readFloatLE(HEADER + 4 * index))
  if (!logits.every(Number.isFinite)) return undefined
  return { logits, tokens: buffer.readUInt32LE(4), truncated: buffer.readUInt8(1) === TRUNCATED }
}

/** 32-bit FNV-1a over an ASCII key and a value without its checksum. Source: RFC 9923. */
function checksum (key: string, value: Buffer): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  for (let index = 0; index < value.length - CHECKSUM; index++) hash = Math.imul(hash ^ (value[index] as number), 0x01000193)
  return hash >>> 0
}
