import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { HubServer } from '../../support/hub-server.ts'

export const MODEL = 'container-test/compact'

const COMPACT = join(import.meta.dirname, '../../../models/compact')

/** A model hub on this machine that containers can reach. It has one model, by default `compact` under a hub id. */
export class ContainerHub {
  readonly hub: HubServer
  readonly port: number
  readonly #proxy: Server

  private constructor (hub: HubServer, proxy: Server) {
    this.hub = hub
    this.port = (proxy.address() as AddressInfo).port
    this.#proxy = proxy
  }

  static async start (directory = COMPACT, repo = MODEL): Promise<ContainerHub> {
    const hub = await HubServer.start(directory, repo)
    // The hub listens on loopback, which a container cannot reach: this proxy listens on every address.
    const proxy = createServer((socket) => {
      const inner = connect(Number(new URL(hub.url).port), '127.0.0.1')
      socket.pipe(inner).pipe(socket)
      socket.on('error', () => inner.destroy())
      inner.on('error', () => socket.destroy())
    })
    proxy.listen(0, '0.0.0.0')
    await once(proxy, 'listening')
    return new ContainerHub(hub, proxy)
  }

  /** Address of the hub inside a container. */
  get url (): string {
    return `http://host.docker.internal:${this.port}`
  }

  async close (): Promise<void> {
    this.#proxy.close()
    await this.hub.close()
  }
}
