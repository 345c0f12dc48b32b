import type { BaseLogger, LoggerOptions } from 'pino'

/** What the rooms need of a logger; Fastify's and pino's both fit. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>

/** JSON lines, or readable ones on a terminal. */
export function loggerOptions (level: string, terminal = process.stdout.isTTY): LoggerOptions {
  return terminal
    ? { level, transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname,config,node' } } }
    : { level }
}
