/** Numbers of texts that a run may have, where the model has lanes (lanes.ts). */
export const LANE_COUNTS = [1, 2, 4] as const

/** Most texts of one run. */
export const MAX_LANES = Math.max(...LANE_COUNTS)
