/** Time limits of a request, in milliseconds. BODY_LIMIT_BYTES bounds its body. */
export interface ServerLimits {
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: number
  /** From the headers to the end of the body; NDJSON streams have an idle limit instead. */
  bodyTimeoutMs: number
  /** Maximum time in which no line of an NDJSON stream is received, computed or sent. */
  streamIdleMs: number
  /**
   * From an answer that was sent before its body arrived, or from the shutdown, to the end of the request; then the connection is
   * closed.
   */
  incompleteRequestMs: number
  /** Interval of the checks for late headers and bodies. */
  checkMs: number
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  streamIdleMs: 60_000,
  incompleteRequestMs: 2_000,
  checkMs: 1_000
}

/** Request line and headers together, in bytes: Node's default, set explicitly because docs/access.md states it. */
export const MAX_HEADER_BYTES = 16_384

/** Idle connections outlive those of common load balancers (60 s), so that none sends a request on a closing connection. */
export const KEEP_ALIVE_MS = 72_000

/** Milliseconds without any byte, in addition to PREDICT_TIMEOUT_MS, after which a connection with an open request is closed. */
export const STALLED_CONNECTION_MS = 120_000
