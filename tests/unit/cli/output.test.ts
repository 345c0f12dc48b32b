import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileError, UsageError } from '../../../src/cli/predict/errors.ts'
import { FileOutput } from '../../../src/cli/predict/output.ts'

describe('FileOutput', () => {
  let directory: string
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'output-')) })
  afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

  const path = (name = 'out.csv'): string => join(directory, name)
  const open = async (options: { path?: string, identity?: string, restart?: boolean } = {}): Promise<FileOutput> =>
    await FileOutput.open({ path: path(), identity: 'model', restart: false, onLost: () => {}, ...options })
  const add = async (output: FileOutput, from: number, to: number): Promise<void> => {
    for (let row = from; row < to; row++) await output.add({ raw: `row ${row}`, text: '' }, `${row}\n`, row % 100 === 0)
  }
  const all = (count: number): string => Array.from({ length: count }, (_, row) => `${row}\n`).join('')

  it.each(['out.csv', 'out.csv.gz'])('resumes %s after the last complete block, and the bytes are those of an uninterrupted run', async (name) => {
    const whole = await open({ path: path(`whole-${name}`) })
    await add(whole, 0, 1000)
    await whole.finish('')
    const first = await open({ path: path(name) })
    await add(first, 0, 700)
    await first.stop()
    const second = await open({ path: path(name) })
    expect([second.done, second.errors]).toEqual([512, 6])
    for (let row = 0; row < 512; row++) second.skip({ raw: `row ${row}`, text: '' })
    await add(second, 512, 1000)
    await second.finish('')
    const bytes = await readFile(path(name))
    expect(bytes.equals(await readFile(path(`whole-${name}`)))).toBe(true)
    expect((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()).toBe(all(1000))
    await expect(lstat(path(`${name}.partial.json`))).rejects.toThrow('ENOENT')
  })

  it('resumes only with the same identity and the same rows', async () => {
    const first = await open()
    await add(first, 0, 300)
    await first.stop()
    await expect(open({ identity: 'another model' })).rejects.toThrow(UsageError)
    const second = await open()
    expect(() => { for (let row = 0; row < 256; row++) second.skip({ raw: `other ${row}`, text: '' }) }).toThrow(FileError)
    await second.stop()
    const third = await open()
    expect(third.done).toBe(256)
    await third.stop()
  })

  it.each(['{', '{"version":2}', '{"version":2,"identity":"model","rows":-1,"bytes":0,"errors":0,"input":""}'])('starts over if the checkpoint is damaged: %s', async (content) => {
    await writeFile(path('out.csv.partial.json'), content)
    await writeFile(path('out.csv.partial'), 'old')
    const output = await open()
    expect(output.done).toBe(0)
    await add(output, 0, 10)
    await output.finish('')
    expect(await readFile(path(), 'utf8')).toBe(all(10))
  })

  it.each(['out.csv.partial', 'out.csv.partial.json', 'out.csv.partial.json.new'])('does not write through a link under the name %s', async (name) => {
    await writeFile(path('precious'), 'precious')
    await symlink(path('precious'), path(name))
    const output = await open().catch((error: unknown) => error)
    if (output instanceof FileOutput) {
      await add(output, 0, 600)
      await output.stop()
    } else expect(output).toMatchObject({ message: expect.stringContaining('it is a symbolic link') })
    expect(await readFile(path('precious'), 'utf8')).toBe('precious')
  })

  it('replaces a link under the output’s own name only with --restart, and never its target', async () => {
    await writeFile(path('precious'), 'precious')
    await symlink(path('precious'), path())
    await expect(open()).rejects.toThrow('already exists')
    const output = await open({ restart: true })
    await output.finish('head')
    expect(await readFile(path(), 'utf8')).toBe('head')
    expect(await readFile(path('precious'), 'utf8')).toBe('precious')
  })

  it.runIf(process.platform === 'linux')('refuses a device, even with --restart', async () => {
    await expect(open({ path: '/dev/null', restart: true })).rejects.toThrow('/dev/null is not a regular file')
  })

  it('names the path if the folder is missing', async () => {
    await expect(open({ path: path('missing/out.csv') })).rejects.toThrow(/^Cannot write .*: no such file or folder$/)
  })

  it('refuses an output that another run is writing', async () => {
    const first = await open()
    await expect(open()).rejects.toThrow('Another run is writing')
    await first.stop()
  }, 30_000)
})
