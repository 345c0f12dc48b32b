/** ONNX Runtime's options for every session of the service. */
export const SESSION_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Its kernel on the CPU takes longer than the sum and the normalization that it stands for: a tenth of a whole run
  // with ONNX Runtime 1.30 (`npm run bench:session-options`).
  extra: { optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' } }
} as const
