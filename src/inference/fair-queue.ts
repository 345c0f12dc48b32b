import type { Flow, QueuedText } from './queued-text.ts'

/**
 * Serves members round-robin. As in fq_codel, new members, which have not been served yet, precede old ones. A round serves every old
 * member once, and at most as many new members as there were members when it began. A small request therefore overtakes large ones,
 * and a flood of small requests leaves a large one at least half of its fair share.
 */
class RoundRobin<T> {
  /** In the order of service. */
  readonly #new = new Set<T>()
  readonly #old = new Set<T>()
  /** Members to be served in the rest of this round. */
  #newLeft = 0
  #oldLeft = 0

  get size (): number {
    return this.#new.size + this.#old.size
  }

  /** Adds a member; does nothing if it has been added already. */
  add (member: T, served: boolean): void {
    if (this.#new.has(member)) return
    if (served) this.#old.add(member)
    else this.#new.add(member)
  }

  delete (member: T): void {
    if (!this.#new.delete(member)) this.#old.delete(member)
  }

  /** Returns the member to serve, and moves it behind the other old members. */
  next (): T | undefined {
    // Members may have been deleted since the round began.
    this.#oldLeft = Math.min(this.#oldLeft, this.#old.size)
    if (this.#oldLeft === 0) {
      this.#oldLeft = this.#old.size
      this.#newLeft = this.size
    }
    const isNew = this.#new.size > 0 && this.#newLeft > 0
    const members = isNew ? this.#new : this.#old
    const [member] = members
    if (member === undefined) return undefined
    if (isNew) this.#newLeft--
    else this.#oldLeft--
    members.delete(member)
    this.#old.add(member)
    return member
  }

  [Symbol.iterator] (): Iterator<T> {
    return [...this.#new, ...this.#old][Symbol.iterator]()
  }
}

/** Number and cost of the waiting texts of a flow or of a caller. */
interface Backlog {
  size: number
  /** Sum of the texts' estimated costs. */
  cost: number
}

interface FlowQueue extends Backlog {
  readonly texts: Set<QueuedText>
}

interface CallerQueue extends Backlog {
  readonly flows: Map<Flow, FlowQueue>
  readonly order: RoundRobin<Flow>
}

/** Waiting texts, fair on two levels: round-robin among callers, and among the requests of each caller. */
export class FairQueue {
  readonly #callers = new Map<string, CallerQueue>()
  readonly #order = new RoundRobin<string>()
  /** Texts that were put back, which are served before all others. */
  readonly #returned: QueuedText[] = []
  #size = 0
  #cost = 0
  #flows = 0

  /** Number of waiting texts. */
  get size (): number {
    return this.#size
  }

  /** Sum of their estimated costs. */
  get cost (): number {
    return this.#cost
  }

  /** Number of requests with waiting texts, not counting texts that were put back. */
  get flows (): number {
    return this.#flows
  }

  add (text: QueuedText): void {
    const { flow } = text
    let caller = this.#callers.get(flow.caller)
    if (caller === undefined) {
      caller = { size: 0, cost: 0, flows: new Map(), order: new RoundRobin() }
      this.#callers.set(flow.caller, caller)
      this.#order.add(flow.caller, false)
    }
    let queue = caller.flows.get(flow)
    if (queue === undefined) {
      queue = { size: 0, cost: 0, texts: new Set() }
      caller.flows.set(flow, queue)
      caller.order.add(flow, flow.served)
      this.#flows++
    }
    queue.texts.add(text)
    this.#count(text, 1, caller, queue)
  }

  /** Puts a text that was removed by `next` in front of all others. */
  putBack (text: QueuedText): void {
    this.#returned.unshift(text)
    this.#count(text, 1)
  }

  /** Removes and returns the text to serve next. */
  next (): QueuedText | undefined {
    const returned = this.#returned.shift()
    if (returned !== undefined) {
      this.#count(returned, -1)
      return returned
    }
    const name = this.#order.next()
    const caller = name === undefined ? undefined : this.#callers.get(name)
    const flow = caller?.order.next()
    if (flow === undefined) return undefined
    flow.served = true
    const [text] = caller?.flows.get(flow)?.texts ?? []
    if (text !== undefined) this.remove(text)
    return text
  }

  /** Removes a text; does nothing if it is not waiting. */
  remove (text: QueuedText): void {
    const { flow } = text
    const caller = this.#callers.get(flow.caller)
    const queue = caller?.flows.get(flow)
    if (caller === undefined || queue === undefined || !queue.texts.delete(text)) {
      const index = this.#returned.indexOf(text)
      if (index < 0) return
      this.#returned.splice(index, 1)
      this.#count(text, -1)
      return
    }
    this.#count(text, -1, caller, queue)
    if (queue.size > 0) return
    caller.flows.delete(flow)
    caller.order.delete(flow)
    this.#flows--
    if (caller.size > 0) return
    this.#callers.delete(flow.caller)
    this.#order.delete(flow.caller)
  }

  /** Upper estimate of the cost that is served before the last of `count` new texts of one request of `caller`. */
  costBefore (count: number, caller: string): number {
    const own = this.#callers.get(caller)
    let cost = own?.cost ?? 0
    /** Number of texts of this caller that are served until then, including the new ones. */
    let served = count + (own?.size ?? 0)
    // If every request has one text, all of them are served before the new one, and the loop over a long queue is not needed.
    if (own !== undefined && own.size > own.flows.size) {
      cost = 0
      served = count
      for (const queue of own.flows.values()) {
        served += Math.min(queue.size, count)
        cost += sumCost(queue, count)
      }
    }
    for (const [name, queue] of this.#callers) if (name !== caller) cost += sumCost(queue, served)
    for (const returned of this.#returned) cost += returned.cost
    return cost
  }

  #count (text: QueuedText, sign: 1 | -1, ...backlogs: Backlog[]): void {
    this.#size += sign
    this.#cost += sign * text.cost
    for (const backlog of backlogs) {
      backlog.size += sign
      backlog.cost += sign * text.cost
    }
  }
}

/** Cost of the first `count` texts of a backlog, assuming that all cost the same. */
function sumCost ({ size, cost }: Backlog, count: number): number {
  return size <= count ? cost : cost * count / size
}
