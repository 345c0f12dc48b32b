import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { HubServer } from '../../support/hub-server.ts'

export const MODEL = 'container-test/compact'

const COMPACT = join(import.meta.dirname, '../../../models/compact')

/** A model hub on this machine that containers reach: one model under a hub id, the compact one unless told otherwise. */
export class ContainerHub {
  readonly hub: HubServer
  readonly port: number
  readonly #door: Server

  private constructor (hub: HubServer, door: Server) {
    this.hub = hub
    this.port = (door.address() as AddressInfo).port
    this.#door = door
  }

  static async start (directory = COMPACT, repo = MODEL): Promise<ContainerHub> {
    const hub = await HubServer.start(directory, repo)
    // The hub listens on loopback, which a container does not reach: this door stands on every address.
    const door = createServer((socket) => {
      const inner = connect(Number(new URL(hub.url).port), '127.0.0.1')
      socket.pipe(inner).pipe(socket)
      socket.on('error', () => inner.destroy())
      inner.on('error', () => socket.destroy())
    })
    door.listen(0, '0.0.0.0')
    await once(door, 'listening')
    return new ContainerHub(hub, door)
  }

  /** Address of the hub inside a container. */
  get url (): string {
    return `http://host.docker.internal:${this.port}`
  }

  async close (): Promise<void> {
    this.#door.close()
    await this.hub.close()
  }
}
