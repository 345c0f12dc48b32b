import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { HubServer } from './hub-server.ts'

/** Creates an empty directory, which is removed when the test has finished. */
export async function createTemporaryDirectory (): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sentiment-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Starts a hub that serves the tiny model as `repo` until the test has finished. */
export async function startTinyHub (repo: string): Promise<HubServer> {
  const hub = await HubServer.start(TINY_ROBERTA, repo)
  onTestFinished(() => hub.close())
  return hub
}
