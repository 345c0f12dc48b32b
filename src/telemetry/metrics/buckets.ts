/** Upper bounds in seconds for whole requests: from a cache hit to the default deadline. */
export const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** For the stages of a request, which begin lower: a tweet is tokenized in about 50 µs. */
export const STAGE_BUCKETS = [0.000_1, 0.000_25, 0.000_5, ...REQUEST_BUCKETS] as const
