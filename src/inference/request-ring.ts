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
  /** Whether one of its texts had a turn. */
  served = false
}

/**
 * Whose turn it is: one text of a request at a time. In every round each request that had a turn before gets another one, and
 * before that come the requests that had none: those that waited when the round began, and as many that came since as others
 * have turns in it. So a small request passes large ones, and a flood of small ones slows a large one to no less than half of
 * its share. A group is here exactly while it has entries.
 */
export class RequestRing {
  /** Requests without a turn yet, and those that had one; each in the order of its next turn. */
  readonly #fresh = new Set<RequestGroup>()
  readonly #served = new Set<RequestGroup>()
  /** Turns that are left in this round. */
  #freshTurns = 0
  #servedTurns = 0
  #depth = 0

  /** Entries in all groups. */
  get depth (): number {
    return this.#depth
  }

  add (entry: Entry): void {
    const { group } = entry
    group.entries.add(entry)
    if (group.served && !this.#fresh.has(group)) this.#served.add(group)
    else this.#fresh.add(group)
    this.#depth++
  }

  /** Puts an entry back where it is next in turn: it waited already. */
  addFirst (entry: Entry): void {
    const { group } = entry
    const rest = [...group.entries]
    group.entries.clear()
    for (const item of [entry, ...rest]) group.entries.add(item)
    const others = [...this.#fresh].filter((other) => other !== group)
    this.#served.delete(group)
    this.#fresh.clear()
    for (const item of [group, ...others]) this.#fresh.add(item)
    this.#freshTurns++
    this.#depth++
  }

  /** The entry that `next` would take. */
  peek (): Entry | undefined {
    // Requests may have left since the round began.
    this.#servedTurns = Math.min(this.#servedTurns, this.#served.size)
    if (this.#servedTurns === 0) this.#beginRound()
    const fresh = first(this.#fresh)
    const group = fresh !== undefined && this.#freshTurns > 0 ? fresh : first(this.#served)
    return group === undefined ? undefined : first(group.entries)
  }

  /** Takes the entry whose turn it is. */
  next (): Entry | undefined {
    const entry = this.peek()
    if (entry !== undefined) this.take(entry)
    return entry
  }

  /**
   * Takes an entry that is, or just was, the one whose turn it is; its request goes behind the others that had a turn. Does
   * nothing if it waits no more.
   */
  take (entry: Entry): void {
    const { group } = entry
    if (!group.entries.has(entry)) return
    if (this.#fresh.delete(group)) this.#freshTurns = Math.max(0, this.#freshTurns - 1)
    else this.#servedTurns = Math.max(0, this.#servedTurns - 1)
    group.served = true
    this.#served.delete(group)
    this.#served.add(group)
    this.remove(entry)
  }

  /** Takes an entry out, wherever it waits. Does nothing if it waits no more. */
  remove (entry: Entry): void {
    const { group } = entry
    if (!group.entries.delete(entry)) return
    this.#depth--
    if (group.entries.size > 0) return
    this.#fresh.delete(group)
    this.#served.delete(group)
  }

  /** Most entries of those that wait that are served before the last of `count` new entries of one request. */
  servedBefore (count: number): number {
    // A group has an entry: one of each. Most requests have one text, and a full queue is long.
    if (count === 1) return this.#fresh.size + this.#served.size
    let served = 0
    for (const groups of [this.#fresh, this.#served]) {
      for (const group of groups) served += Math.min(group.entries.size, count)
    }
    return served
  }

  #beginRound (): void {
    this.#servedTurns = this.#served.size
    this.#freshTurns = this.#fresh.size + this.#served.size
  }
}

function first<T> (set: ReadonlySet<T>): T | undefined {
  return set.values().next().value
}
