import { sameAnswer, type LoadRequest, type LoadResult } from './load.ts'
import { latencyOf } from './statistics.ts'

const OVERLOADED = 503

/** Collects what comes back of one load. */
export class Recorder {
  #start = performance.now()
  #cpu = process.cpuUsage()
  readonly #answered: number[] = []
  readonly #refused: number[] = []
  readonly #statuses: Record<string, number> = {}
  #last = this.#start
  #checked = 0
  #wrong = 0

  /** The time from here on counts: what a load is made of is ready. */
  begin (): void {
    this.#start = performance.now()
    this.#cpu = process.cpuUsage()
  }

  /** A response's status, and the milliseconds that it took. */
  response (status: number, ms: number): void {
    this.#last = performance.now()
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (status >= 200 && status < 300) this.#answered.push(ms)
    else if (status === OVERLOADED) this.#refused.push(ms)
  }

  /** A response's body, to be compared with what is known of the request. */
  answer ({ expect }: LoadRequest, status: number, body: string): void {
    if (expect === undefined || status !== 200) return
    this.#checked++
    if (!sameAnswer(body, expect)) this.#wrong++
  }

  result ({ errors, timeouts }: { errors: number, timeouts: number }): LoadResult {
    const seconds = (this.#last - this.#start) / 1000
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      seconds,
      answered: this.#answered.length,
      perSecond: this.#answered.length / seconds,
      statuses: this.#statuses,
      errors,
      timeouts,
      cpuMs: (user + system) / 1000,
      checked: this.#checked,
      wrong: this.#wrong,
      latency: latencyOf(this.#answered),
      refusedLatency: latencyOf(this.#refused)
    }
  }
}
