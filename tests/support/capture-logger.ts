import type { Logger } from '../../src/logger.ts'

export interface CapturedLogger extends Logger {
  /** Every line: level, details and message, as text. */
  lines: string[]
}

/** A logger that keeps its lines for the test to read. */
export function captureLogger (): CapturedLogger {
  const lines: string[] = []
  const write = (level: string) => (...args: unknown[]) => { lines.push(`${level} ${JSON.stringify(args)}`) }
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
