import { once } from 'node:events'
import type { Row } from './rows.ts'
import type { Output } from './output.ts'

/** Rows to standard output, as fast as whoever reads takes them. Such a run cannot be continued. */
export class StandardOutput implements Output {
  readonly done = 0
  readonly errors = 0

  skip (): void {}

  async add (_row: Row, text: string): Promise<void> {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }

  async finish (tail: string): Promise<void> {
    if (tail !== '') process.stdout.write(tail)
    return await Promise.resolve()
  }

  stop (): Promise<void> {
    return Promise.resolve()
  }
}
