import autocannon from 'autocannon'
import { tweets } from './lib/tweets.ts'

export interface Load {
  url: string
  /** Seconds. */
  duration: number
  connections: number
}

export interface Scenario {
  /** What it asks of a service that the bench starts. */
  env: Record<string, string>
  /** Figures by name; times in milliseconds. */
  run: (load: Load) => Promise<Record<string, number>>
}

const POST = { method: 'POST', path: '/predict', headers: { 'content-type': 'application/json' } } as const
let seed = 1

/** A request for a text that no request asked for before. */
function freshTexts () {
  let texts: string[] = []
  return {
    ...POST,
    setupRequest: (request: autocannon.Request): autocannon.Request => {
      if (texts.length === 0) texts = tweets(seed++, 1000)
      return { ...request, body: JSON.stringify({ text: texts.pop() }) }
    }
  }
}

async function figuresOf (instance: PromiseLike<autocannon.Result>): Promise<Record<string, number>> {
  const { requests, latency, errors, non2xx, timeouts } = await instance
  return { 'requests/s': requests.average, p50: latency.p50, p99: latency.p99, errors: errors + timeouts, non2xx }
}

/** Scenarios by name. */
export const SCENARIOS: Record<string, Scenario> = {
  miss: {
    env: { CACHE_MAX_ENTRIES: '0' },
    run: ({ url, duration, connections }) => figuresOf(autocannon({ url, duration, connections, requests: [freshTexts()] }))
  },
  'hit-memory': {
    env: {},
    run: async ({ url, duration, connections }) => {
      const body = JSON.stringify({ text: 'always the same text, which the memory cache holds' })
      await fetch(`${url}/predict`, { ...POST, body })
      return await figuresOf(autocannon({ url, duration, connections, requests: [{ ...POST, body }] }))
    }
  },
  'health-under-load': {
    env: { CACHE_MAX_ENTRIES: '0' },
    run: async ({ url, duration, connections }) => {
      const load = autocannon({ url, duration, connections, requests: [freshTexts()] })
      const health = await figuresOf(autocannon({ url: `${url}/health`, duration, connections: 1, overallRate: 50 }))
      const { errors, non2xx } = await figuresOf(load)
      return { ...health, errors: (health.errors ?? 0) + (errors ?? 0), non2xx: (health.non2xx ?? 0) + (non2xx ?? 0) }
    }
  }
}
