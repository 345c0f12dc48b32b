import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { decodeText, takeHead } from './decode.ts'
import { FileError, toFileError } from './errors.ts'

/** Bytes that are decompressed at a time: the size of the chunks in which Node reads a file. */
const CHUNK_BYTES = 64 * 1024

export interface Input {
  /** The decoded text. Throws FileError if the bytes are not text in the file's encoding. */
  chunks: AsyncIterable<string>
  /** Size in bytes if the input is a regular file. */
  totalBytes: number | undefined
  /** Bytes read so far, before decompression. */
  readBytes: () => number
  /** Whether a table made from this input starts with a byte order mark. Valid once the first chunk was read. */
  hasMark: () => boolean
}

/**
 * Opens a file, or standard input (`-`). Gzip is detected by its content.
 * @param encoding a label of the WHATWG Encoding standard; without it UTF-8 or UTF-16, detected by content
 * @throws {FileError} if there is no such file
 */
export async function openInput (path: string, encoding?: string): Promise<Input> {
  const name = path === '-' ? 'standard input' : path
  let totalBytes: number | undefined
  if (path !== '-') {
    const stats = await stat(path).catch((error: unknown) => { throw toFileError(error, 'read', path) })
    if (stats.isDirectory()) throw new FileError(`Cannot read ${path}: it is a folder`)
    totalBytes = stats.isFile() ? stats.size : undefined
  }
  let read = 0
  let mark = false
  async function * source (): AsyncGenerator<Buffer, void> {
    try {
      for await (const chunk of (path === '-' ? process.stdin : createReadStream(path)) as AsyncIterable<Buffer>) {
        read += chunk.length
        yield chunk
      }
    } catch (error) {
      throw toFileError(error, 'read', name)
    }
  }
  return {
    chunks: decodeText(gunzip(source(), name), { name, encoding, onMark: () => { mark = true } }),
    totalBytes,
    readBytes: () => read,
    hasMark: () => mark
  }
}

async function * gunzip (chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const { head, all } = await takeHead(chunks, ({ length }) => length >= 2)
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield * all
    return
  }
  try {
    yield * pipeline(all, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) as Readable as AsyncIterable<Buffer>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code?.startsWith('Z_') === true ? new FileError(`Cannot read ${name}: damaged gzip data (${message})`) : error
  }
}
