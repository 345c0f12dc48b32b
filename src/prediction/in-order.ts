export interface InOrderOptions<T, R> {
  /** Items in groups of any size. The next group is read when every item of the last one has been started. */
  source: AsyncIterable<readonly T[]>
  /** Starts the work on an item. Must not reject. */
  start: (item: T) => Promise<R>
  /** Whether another item may start beside `inFlight` others; must be true for 0. */
  canStart: (inFlight: number) => boolean
  /** Ends the input: items that were started are still completed. */
  stop: AbortSignal
  /** Ends everything at once; the generator returns. */
  cancel: AbortSignal
  /** Called whenever input arrived or an item was completed. */
  onProgress?: () => void
}

interface Slot<R> {
  result: R | undefined
  done: boolean
}

/**
 * Works on several items at once and yields the results in the order of the items, as many at a time as are complete. Nothing
 * is started while the consumer does not take results, so the number of items held is bounded, whatever the length of the
 * source. A failure of the source is thrown after the results of the items before it.
 */
export async function * inOrder<T, R> ({ source, start, canStart, stop, cancel, onProgress }: InOrderOptions<T, R>): AsyncGenerator<R[], void> {
  const iterator = source[Symbol.asyncIterator]()
  const window: Slot<R>[] = []
  let items: readonly T[] = []
  let next = 0
  let reading = false
  let ended = false
  let failure: { error: unknown } | undefined
  let wake = (): void => {}

  const progress = (): void => {
    onProgress?.()
    wake()
  }
  const launch = (item: T): void => {
    const slot: Slot<R> = { result: undefined, done: false }
    window.push(slot)
    void start(item).then((result) => {
      slot.result = result
      slot.done = true
      progress()
    })
  }
  const read = async (): Promise<void> => {
    reading = true
    try {
      const { done, value } = await iterator.next()
      if (done === true) ended = true
      else [items, next] = [value, 0]
    } catch (error) {
      ended = true
      failure = { error }
    }
    reading = false
    progress()
  }
  const onSignal = (): void => wake()
  stop.addEventListener('abort', onSignal)
  cancel.addEventListener('abort', onSignal)
  try {
    while (!cancel.aborted) {
      while (!stop.aborted && next < items.length && canStart(window.length)) launch(items[next++] as T)
      const spent = stop.aborted || next === items.length
      if (spent && !ended && !reading && !stop.aborted) void read()
      if (window[0]?.done === true) {
        const settled = window.findIndex(({ done }) => !done)
        yield window.splice(0, settled < 0 ? window.length : settled).map(({ result }) => result as R)
        continue
      }
      if (window.length === 0 && spent && (ended || stop.aborted)) break
      // In the next iteration of the event loop: results of the same moment are yielded together, and other requests are served.
      await new Promise<void>((resolve) => { wake = () => { setImmediate(resolve) } })
    }
    if (failure !== undefined && !cancel.aborted) throw failure.error
  } finally {
    stop.removeEventListener('abort', onSignal)
    cancel.removeEventListener('abort', onSignal)
  }
}
