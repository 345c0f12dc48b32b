import { SingleBar } from 'cli-progress'
import type { Logger } from '../logger.ts'

export interface DownloadProgress {
  repo: string
  file: string
  receivedBytes: number
  /** Undefined if the hub does not announce it. */
  totalBytes: number | undefined
}

const MB = 1e6
/** Progress of smaller files is not shown. */
const LARGE_BYTES = 5 * MB

/** Draws a bar for large files if standard error is a terminal; undefined otherwise. */
export function terminalProgress (stream: NodeJS.WriteStream = process.stderr): ((progress: DownloadProgress) => void) | undefined {
  if (!stream.isTTY) return undefined
  let bar: SingleBar | undefined
  return ({ file, receivedBytes, totalBytes }) => {
    if (totalBytes === undefined || totalBytes < LARGE_BYTES) return
    if (bar === undefined) {
      bar = new SingleBar({ format: `${file} {bar} {percentage}% {value}/{total} MB, {eta_formatted} left`, stream, hideCursor: true })
      bar.start(Math.round(totalBytes / MB), 0)
    }
    bar.update(Math.round(receivedBytes / MB))
    if (receivedBytes >= totalBytes) {
      bar.stop()
      bar = undefined
    }
  }
}

/** Logs the download of a large file at every 10 %, with its rate. */
export function logProgress (logger: Logger, now: () => number = Date.now): (progress: DownloadProgress) => void {
  let tenth = -1
  let current = ''
  let started = 0
  return ({ repo, file, receivedBytes, totalBytes }) => {
    if (totalBytes === undefined || totalBytes < LARGE_BYTES) return
    if (file !== current) {
      current = file
      tenth = -1
      started = now()
    }
    const done = Math.floor(10 * receivedBytes / totalBytes)
    if (done === tenth) return
    tenth = done
    const seconds = Math.max(0.001, (now() - started) / 1000)
    logger.info({ repo, file, megabytes: Math.round(receivedBytes / MB), megabytesPerSecond: Math.round(receivedBytes / MB / seconds * 10) / 10 }, `Downloading ${file}: ${done * 10} %`)
  }
}
