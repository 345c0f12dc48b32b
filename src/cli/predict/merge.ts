import { createReadStream } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { moveIntoPlace } from '../../models/manifest.ts'
import { FileError, toFileError, UsageError } from './errors.ts'
import { isComplete, readRecord, shardPath, splitPath, type ShardRecord } from './shard.ts'

/**
 * Concatenates the outputs of all shards of `out`, in order. The result equals the output of a run without shards.
 * @returns the number of rows
 * @throws {FileError} if a shard is missing or incomplete, or the shards do not belong together
 * @throws {UsageError} if `out` exists and `restart` is false
 */
export async function mergeShards (out: string, restart: boolean): Promise<number> {
  if (!restart && await isComplete(out)) throw new UsageError(`${out} already exists; --restart replaces it, --out writes elsewhere`)
  const parts = await findParts(out)
  const records = await Promise.all(parts.map(readRecord))
  checkRecords(parts, records)
  const temporary = `${out}.merging`
  try {
    await concatenate(parts, temporary)
    await moveIntoPlace(temporary, out)
  } catch (error) {
    await rm(temporary, { force: true })
    throw toFileError(error, 'write', out)
  }
  return (records[0] as ShardRecord).totalRows
}

/** Finds the outputs of all shards by their names. */
async function findParts (out: string): Promise<string[]> {
  const { dir, stem, extension } = splitPath(out)
  const names = await readdir(dir === '' ? '.' : dir).catch((error: unknown) => { throw toFileError(error, 'read', dir) })
  const counts = new Set(names.filter((name) => name.startsWith(`${stem}.shard-`))
    .map((name) => /^\d+-of-(\d+)(.*)$/.exec(name.slice(`${stem}.shard-`.length)))
    .filter((match) => match?.[2]?.startsWith(extension) === true).map((match) => Number(match?.[1])))
  const [count] = counts
  if (count === undefined) throw new FileError(`There are no shards of ${out}; expected files such as ${shardPath(out, { index: 0, count: 4 })}`)
  if (counts.size > 1) throw new FileError(`${join(dir, stem)} has shards of ${[...counts].join(' and of ')}; remove those that do not belong to the run`)
  const parts = Array.from({ length: count }, (_, index) => shardPath(out, { index, count }))
  const missing: number[] = []
  for (const [index, part] of parts.entries()) if (!await isComplete(part)) missing.push(index)
  if (missing.length > 0) {
    throw new FileError(`${missing.length} of ${count} shards of ${out} are missing or incomplete: ${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ', …' : ''}; run them with --shard I/${count}`)
  }
  return parts
}

function checkRecords (parts: readonly string[], records: readonly ShardRecord[]): void {
  const [first] = records as [ShardRecord]
  let next = 0
  for (const [index, { identity, input, totalRows, firstRow, rows }] of records.entries()) {
    if (identity !== first.identity) throw new FileError(`${parts[index]} was written with ${identity}, and ${parts[0]} with ${first.identity}; score one of them again with --restart`)
    if (input !== first.input) throw new FileError(`${parts[index]} and ${parts[0]} were made from different inputs; score one of them again with --restart`)
    if (firstRow !== next) throw new FileError(`${parts[index]} begins at row ${firstRow}, not at row ${next}; score it again with --restart`)
    next += rows
    if (index === records.length - 1 && next !== totalRows) throw new FileError(`The shards have ${next} rows, and the input has ${totalRows}`)
  }
}

async function concatenate (parts: readonly string[], path: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const part of parts) {
      for await (const chunk of createReadStream(part, { highWaterMark: 1024 * 1024 })) await file.appendFile(chunk as Buffer)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
