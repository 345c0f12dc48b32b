import type { BaseLogger, LoggerOptions } from 'pino'
import { readFileSync } from 'node:fs'

/** The service's version, from package.json. */
export const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** The methods of a logger that modules use; Fastify's and pino's loggers both have them. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>

/** JSON lines, or readable ones on a terminal. */
export function loggerOptions (level: string, terminal = process.stdout.isTTY): LoggerOptions {
  return terminal
    ? { level, transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname,config,node' } } }
    : { level }
}
