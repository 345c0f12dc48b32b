/** What a client may take of time and header. Bodies have BODY_LIMIT_BYTES beside it. */
export interface ServerLimits {
  /** From the connection's (or the last answer's) first byte to the end of the headers. */
  headersTimeoutMs: number
  /** From the headers to the end of an ordinary body; a stream of NDJSON has a limit of its own. */
  bodyTimeoutMs: number
  /** Longest time in which nothing of an NDJSON stream comes in, is computed or is taken. */
  streamIdleMs: number
  /** How often headers and bodies are looked at. */
  checkMs: number
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  streamIdleMs: 60_000,
  checkMs: 1_000
}

/** Request line and headers together, in bytes. Node's own default, named because the contract does. */
export const MAX_HEADER_BYTES = 16_384

/** Idle connections stay longer than a load balancer keeps them (60 s is common), so that it never uses one that closes. */
export const KEEP_ALIVE_MS = 72_000
