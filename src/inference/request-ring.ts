import type { ScheduledResult } from './scheduler.ts'

/** A text that waits for a worker. */
export interface Entry {
  readonly text: string
  readonly group: RequestGroup
  readonly queuedAt: number
  attempts: number
  /** Its caller has gone: a run that was lost is not repeated. */
  abandoned: boolean
  settle: (result: ScheduledResult) => void
  fail: (error: Error) => void
}

/** The texts of one request that still wait; the unit of fairness. */
export class RequestGroup {
  readonly entries = new Set<Entry>()
}

/**
 * Round robin over requests: `next` takes one text of the request whose turn it is.
 * A group is in the ring exactly while it has entries.
 */
export class RequestRing {
  readonly #groups = new Set<RequestGroup>()
  #depth = 0

  /** Entries in all groups. */
  get depth (): number {
    return this.#depth
  }

  add (entry: Entry): void {
    entry.group.entries.add(entry)
    this.#groups.add(entry.group)
    this.#depth++
  }

  /** Puts an entry back where it is next in turn: it waited already. */
  addFirst (entry: Entry): void {
    const rest = [...entry.group.entries]
    entry.group.entries.clear()
    for (const item of [entry, ...rest]) entry.group.entries.add(item)
    const groups = [...this.#groups].filter((group) => group !== entry.group)
    this.#groups.clear()
    for (const group of [entry.group, ...groups]) this.#groups.add(group)
    this.#depth++
  }

  /** The entry that `next` would take. */
  peek (): Entry | undefined {
    const group = first(this.#groups)
    return group === undefined ? undefined : first(group.entries)
  }

  /** Takes the entry whose turn it is; its request goes to the end of the ring. */
  next (): Entry | undefined {
    const entry = this.peek()
    if (entry === undefined) return undefined
    this.remove(entry)
    if (entry.group.entries.size > 0) {
      // Deleting and adding again moves a member to a Set's end.
      this.#groups.delete(entry.group)
      this.#groups.add(entry.group)
    }
    return entry
  }

  /** Takes an entry out, wherever it waits. Does nothing if it waits no more. */
  remove (entry: Entry): void {
    if (!entry.group.entries.delete(entry)) return
    this.#depth--
    if (entry.group.entries.size === 0) this.#groups.delete(entry.group)
  }

  /** Entries of others that are served before the last of `count` new entries of one request. */
  servedBefore (count: number): number {
    let served = 0
    for (const group of this.#groups) served += Math.min(group.entries.size, count)
    return served
  }
}

function first<T> (set: ReadonlySet<T>): T | undefined {
  return set.values().next().value
}
