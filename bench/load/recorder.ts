import { isSameAnswer, type LoadRequest, type LoadResult } from './load.ts'
import { summarizeLatency } from '../lib/statistics.ts'

const OVERLOADED = 503

/** Records the responses of one load. */
export class Recorder {
  #start = performance.now()
  #cpu = process.cpuUsage()
  readonly #answered: number[] = []
  readonly #refused: number[] = []
  readonly #statuses: Record<string, number> = {}
  #last = this.#start
  #checked = 0
  #wrong = 0

  /** Starts the clock: the requests are ready. */
  begin (): void {
    this.#start = performance.now()
    this.#cpu = process.cpuUsage()
  }

  /** Records a response's status and latency in milliseconds. */
  recordStatus (status: number, ms: number): void {
    this.#last = performance.now()
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (status >= 200 && status < 300) this.#answered.push(ms)
    else if (status === OVERLOADED) this.#refused.push(ms)
  }

  /** Compares a response's body with the expected answer, if there is one. */
  recordBody ({ expect }: LoadRequest, status: number, body: string): void {
    if (expect === undefined || status !== 200) return
    this.#checked++
    if (!isSameAnswer(body, expect)) this.#wrong++
  }

  toResult ({ errors, timeouts }: { errors: number, timeouts: number }): LoadResult {
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
      latency: summarizeLatency(this.#answered),
      refusedLatency: summarizeLatency(this.#refused)
    }
  }
}
