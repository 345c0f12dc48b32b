import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HubServer } from '../../support/hub-server.ts'

export const MODEL = 'container-test/compact'

/** A model hub on this machine that containers reach: the compact model under a hub id. */
export class ContainerHub {
  readonly hub: HubServer
  readonly port: number
  readonly #door: Server
  readonly #directory: string

  private constructor (hub: HubServer, door: Server, directory: string) {
    this.hub = hub
    this.port = (door.address() as AddressInfo).port
    this.#door = door
    this.#directory = directory
  }

  static async start (): Promise<ContainerHub> {
    const directory = await mkdtemp(join(tmpdir(), 'sentiment-hub-'))
    await cp(join(import.meta.dirname, '../../../models/compact'), directory, { recursive: true })
    const hub = await HubServer.start(directory, MODEL)
    // The hub listens on loopback, which a container does not reach: this door stands on every address.
    const door = createServer((socket) => {
      const inner = connect(Number(new URL(hub.url).port), '127.0.0.1')
      socket.pipe(inner).pipe(socket)
      socket.on('error', () => inner.destroy())
      inner.on('error', () => socket.destroy())
    })
    door.listen(0, '0.0.0.0')
    await once(door, 'listening')
    return new ContainerHub(hub, door, directory)
  }

  async close (): Promise<void> {
    this.#door.close()
    await this.hub.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
