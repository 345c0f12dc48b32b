import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { resolveModel } from '../../src/models/catalog.ts'
import { ModelStore, type ModelStoreOptions } from '../../src/models/store.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { captureLogger, type CapturedLogger } from './capture-logger.ts'
import { HubServer } from './hub-server.ts'

/** The repository on the test hub. */
export const REPO = 'test/tiny-roberta'
export const WEIGHTS = 'onnx/model_quantized.onnx'
export const spec = resolveModel(REPO, 'main', 'q8')

export interface StoreFixture {
  hub: HubServer
  /** MODEL_DIR, empty at the start of each test. */
  directory: string
  logger: CapturedLogger
  /** Creates a store on the directory and the hub. */
  create: (options?: Partial<ModelStoreOptions>) => ModelStore
}

/** Starts a hub with the fixture model and creates an empty directory before each test; removes both afterwards. */
export function useModelStore (): StoreFixture {
  const fixture = {
    create: (options) => new ModelStore({
      directory: fixture.directory,
      embeddedDirectory: TINY_ROBERTA,
      endpoint: fixture.hub.url,
      logger: fixture.logger,
      retry: { attempts: 3, baseMs: 1, maxMs: 5 },
      ...options
    })
  } as StoreFixture
  beforeEach(async () => {
    fixture.logger = captureLogger()
    fixture.hub = await HubServer.start(TINY_ROBERTA, REPO)
    fixture.directory = await mkdtemp(join(tmpdir(), 'models-'))
  })
  afterEach(async () => {
    await fixture.hub.close()
    await rm(fixture.directory, { recursive: true })
  })
  return fixture
}
