import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** The input cannot be read as what it should be. The message says where and what to do. */
export class InputError extends Error {}

export interface Input {
  /** The text, as it comes; throws InputError where it is no UTF-8. */
  chunks: AsyncIterable<string>
  /** Size in bytes, where it is known. */
  totalBytes: number | undefined
  /** Bytes read so far, compressed ones where the input is. */
  readBytes: () => number
  /** Whether it begins with a byte order mark; known once the first chunk has come. */
  hasMark: () => boolean
}

/** Opens a file or standard input (`-`); gzip is recognised by its content. Rejects with InputError where there is no such file. */
export async function openInput (path: string): Promise<Input> {
  let totalBytes: number | undefined
  if (path !== '-') {
    const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(error.code === 'ENOENT' ? `There is no file ${path}` : `${path} cannot be read (${error.code ?? error.message})`)
    })
    if (stats.isDirectory()) throw new InputError(`${path} is a folder`)
    totalBytes = stats.isFile() ? stats.size : undefined
  }
  let read = 0
  let mark = false
  const source = path === '-' ? process.stdin : createReadStream(path)
  async function * counted (): AsyncGenerator<Buffer, void> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      read += chunk.length
      yield chunk
    }
  }
  async function * text (): AsyncGenerator<string, void> {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let first = true
    let line = 1
    for await (const chunk of gunzipped(counted(), path)) {
      if (first) mark = refuseUtf16(chunk, path) && chunk.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))
      first = false
      const piece = decode(decoder, chunk, line, path)
      line += piece.split('\n').length - 1
      yield piece
    }
    yield decode(decoder, undefined, line, path)
  }
  return { chunks: text(), totalBytes, readBytes: () => read, hasMark: () => mark }
}

async function * gunzipped (chunks: AsyncGenerator<Buffer, void>, path: string): AsyncGenerator<Buffer, void> {
  const { value: first, done } = await chunks.next()
  if (done === true) return
  async function * all (): AsyncGenerator<Buffer, void> {
    yield first as Buffer
    yield * chunks
  }
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield * all()
    return
  }
  try {
    yield * pipeline(all(), createGunzip(), () => {}) as Readable as AsyncIterable<Buffer>
  } catch (error) {
    throw new InputError(`${path} is damaged gzip (${(error as Error).message})`)
  }
}

function refuseUtf16 (chunk: Buffer, path: string): true {
  const head = chunk.length >= 2 ? chunk.readUInt16BE(0) : 0
  if (head === 0xfffe || head === 0xfeff) throw new InputError(`${path} is UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)`)
  return true
}

function decode (decoder: InstanceType<typeof TextDecoder>, chunk: Buffer | undefined, line: number, path: string): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    throw new InputError(`${path} is not UTF-8 somewhere after line ${line}: convert it (iconv -f latin1 -t utf-8)`)
  }
}
