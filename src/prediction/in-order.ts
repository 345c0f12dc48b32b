export interface InOrderOptions<T, R> {
  /** Items in groups of any size. The next group is read once every item of the previous one has been started. */
  source: AsyncIterable<readonly T[]>
  /** Starts the work on an item. Must not reject. */
  start: (item: T) => Promise<R>
  /** Whether another item may start beside `inFlight` others; must be true for 0. */
  canStart: (inFlight: number) => boolean
  /** Ends the input: items that were started are still completed. */
  stop: AbortSignal
  /** Ends the generator immediately. */
  cancel: AbortSignal
  /** Called whenever input arrived or an item was completed. */
  onProgress?: () => void
}

/**
 * Processes several items concurrently and yields their results in the order of the items, in groups of those that are complete. No
 * item is started while the consumer does not request results, so the number of pending items is bounded for a source of any length.
 * A failure of the source is thrown after the results of the items before it.
 */
export async function * inOrder<T, R> ({ source, start, canStart, stop, cancel, onProgress }: InOrderOptions<T, R>): AsyncGenerator<R[], void> {
  const iterator = source[Symbol.asyncIterator]()
  /** Items that were started, in their order; a result is set once it is complete. */
  const window: { outcome?: { result: R } }[] = []
  let items: readonly T[] = []
  let next = 0
  let input = 'open' as 'open' | 'reading' | 'ended'
  let failure: { error: unknown } | undefined
  let resume: (() => void) | undefined

  /** Continues in the next tick of the event loop: results of the same tick are yielded together, and other requests are served. */
  const wake = (): void => {
    if (resume !== undefined) setImmediate(resume)
    resume = undefined
  }
  const progress = (): void => {
    onProgress?.()
    wake()
  }
  const launch = (item: T): void => {
    const slot: typeof window[number] = {}
    window.push(slot)
    void start(item).then((result) => {
      slot.outcome = { result }
      progress()
    })
  }
  const read = async (): Promise<void> => {
    input = 'reading'
    try {
      const { done, value } = await iterator.next()
      input = done === true ? 'ended' : 'open'
      if (done !== true) [items, next] = [value, 0]
    } catch (error) {
      input = 'ended'
      failure = { error }
    }
    progress()
  }
  const finished = new AbortController()
  for (const signal of [stop, cancel]) signal.addEventListener('abort', wake, { signal: finished.signal })
  try {
    while (!cancel.aborted) {
      while (!stop.aborted && next < items.length && canStart(window.length)) launch(items[next++] as T)
      const spent = stop.aborted || next === items.length
      if (spent && input === 'open' && !stop.aborted) void read()
      if (window[0]?.outcome !== undefined) {
        const pending = window.findIndex(({ outcome }) => outcome === undefined)
        yield window.splice(0, pending < 0 ? window.length : pending).flatMap(({ outcome }) => outcome === undefined ? [] : [outcome.result])
        continue
      }
      if (window.length === 0 && spent && (input === 'ended' || stop.aborted)) break
      await new Promise<void>((resolve) => { resume = resolve })
    }
    if (failure !== undefined && !cancel.aborted) throw failure.error
  } finally {
    finished.abort()
  }
}
