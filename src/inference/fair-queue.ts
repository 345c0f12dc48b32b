import type { ScheduledResult } from './scheduler.ts'

/** A text that waits for a worker. */
export interface QueuedText {
  readonly text: string
  readonly group: Flow
  readonly queuedAt: number
  attempts: number
  /** Its caller has gone: a run that was lost is not repeated. */
  abandoned: boolean
  settle: (result: ScheduledResult) => void
  fail: (error: Error) => void
}

/** The texts of one request that still wait; the unit of fairness. */
export class Flow {
  readonly entries = new Set<QueuedText>()
  /** Whether one of its texts had a turn. */
  served = false
}

/** Turns that are left in a round. */
class Turns {
  fresh = 0
  served = 0

  /** Whether one of `fresh` requests without a turn is next, and not one of `served` others. Begins a round where this one is over. */
  isFreshNext (fresh: number, served: number): boolean {
    // Requests may have left since the round began.
    this.served = Math.min(this.served, served)
    if (this.served === 0) {
      this.served = served
      this.fresh = fresh + served
    }
    return fresh > 0 && this.fresh > 0
  }

  take (fresh: boolean): void {
    if (fresh) this.fresh = Math.max(0, this.fresh - 1)
    else this.served = Math.max(0, this.served - 1)
  }
}

/**
 * Whose turn it is: one text of a request at a time. In every round each request that had a turn before gets another one, and
 * before that come the requests that had none: those that waited when the round began, and as many that came since as others
 * have turns in it. So a small request passes large ones, and a flood of small ones slows a large one to no less than half of
 * its share. A group is here exactly while it has entries.
 */
export class FairQueue {
  /** Requests without a turn yet, and those that had one; each in the order of its next turn. */
  readonly #fresh = new Set<Flow>()
  readonly #served = new Set<Flow>()
  readonly #turns = new Turns()
  #depth = 0

  /** Entries in all groups. */
  get depth (): number {
    return this.#depth
  }

  /** Requests that have entries. */
  get requests (): number {
    return this.#fresh.size + this.#served.size
  }

  add (entry: QueuedText): void {
    const { group } = entry
    group.entries.add(entry)
    if (group.served && !this.#fresh.has(group)) this.#served.add(group)
    else this.#fresh.add(group)
    this.#depth++
  }

  /** Puts an entry back where it is next in turn: it waited already. */
  addFirst (entry: QueuedText): void {
    const { group } = entry
    const rest = [...group.entries]
    group.entries.clear()
    for (const item of [entry, ...rest]) group.entries.add(item)
    const others = [...this.#fresh].filter((other) => other !== group)
    this.#served.delete(group)
    this.#fresh.clear()
    for (const item of [group, ...others]) this.#fresh.add(item)
    this.#turns.fresh++
    this.#depth++
  }

  /** The entries that as many calls of `next` would take, `count` at most. */
  upcoming (count: number): QueuedText[] {
    const entries: QueuedText[] = []
    const turns = Object.assign(new Turns(), this.#turns)
    const fresh = this.#fresh.values()
    const served = this.#served.values()
    /** Requests that have entries left after a turn in here. */
    const again: Flow[] = []
    const cursors = new Map<Flow, { entries: Iterator<QueuedText>, left: number }>()
    const left = { fresh: this.#fresh.size, served: this.#served.size }
    while (entries.length < count && left.fresh + left.served > 0) {
      const isFresh = turns.isFreshNext(left.fresh, left.served)
      const group = (isFresh ? fresh.next().value : served.next().value ?? again.shift()) as Flow
      turns.take(isFresh)
      left[isFresh ? 'fresh' : 'served']--
      const cursor = cursors.get(group) ?? { entries: group.entries.values(), left: group.entries.size }
      cursors.set(group, cursor)
      entries.push(cursor.entries.next().value as QueuedText)
      if (--cursor.left === 0) continue
      again.push(group)
      left.served++
    }
    return entries
  }

  /** Takes the entry whose turn it is. */
  next (): QueuedText | undefined {
    const [entry] = this.upcoming(1)
    if (entry !== undefined) this.take(entry)
    return entry
  }

  /**
   * Takes an entry that is, or just was, the one whose turn it is; its request goes behind the others that had a turn. Does
   * nothing if it waits no more.
   */
  take (entry: QueuedText): void {
    const { group } = entry
    if (!group.entries.has(entry)) return
    this.#turns.isFreshNext(this.#fresh.size, this.#served.size)
    this.#turns.take(this.#fresh.delete(group))
    group.served = true
    this.#served.delete(group)
    this.#served.add(group)
    this.remove(entry)
  }

  /** Takes an entry out, wherever it waits. Does nothing if it waits no more. */
  remove (entry: QueuedText): void {
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
}
