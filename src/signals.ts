type Handler = (signal: NodeJS.Signals) => void

/** Until the service is loaded, there is nothing to finish, so a signal is a clean exit. */
let handler: Handler = () => process.exit(0)

/** Replaces the handler of SIGTERM and SIGINT. */
export function onSignal (replacement: Handler): void {
  handler = replacement
}

// Registered on import. Without a handler, the process would be killed; as PID 1 of a container, it would ignore SIGTERM.
process.on('SIGTERM', (signal) => handler(signal))
process.on('SIGINT', (signal) => handler(signal))
