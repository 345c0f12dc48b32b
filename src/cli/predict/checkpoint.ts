import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { isMissing } from '../../models/files.ts'

const Checkpoint = Type.Object({
  version: Type.Literal(2),
  /** Everything that the output's bytes depend on besides the input: model, labels, options. */
  identity: Type.String(),
  rows: Type.Integer({ minimum: 0 }),
  /** Bytes of the output that are complete. */
  bytes: Type.Integer({ minimum: 0 }),
  errors: Type.Integer({ minimum: 0 }),
  /** SHA-256 of the input's rows that are done. */
  input: Type.String()
})
/** What a stopped run leaves beside its rows, as `….partial.json`. */
export type Checkpoint = Static<typeof Checkpoint>

const validator = Compile(Checkpoint)

/** Other users may write to the same folder: a link under the expected name is never followed. Windows lacks the flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
export const CREATE_NEW = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW
export const OPEN_EXISTING = constants.O_RDWR | NO_FOLLOW

/** The checkpoint at `path`, or undefined if there is none or it is damaged. */
export async function readCheckpoint (path: string): Promise<Checkpoint | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | NO_FOLLOW)
    try {
      const value: unknown = JSON.parse(await file.readFile('utf8'))
      return validator.Check(value) ? value : undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Replaces the checkpoint at `path`: a failure leaves the previous one. */
export async function writeCheckpoint (path: string, checkpoint: Checkpoint): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, CREATE_NEW)
  try {
    await file.writeFile(JSON.stringify(checkpoint))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
