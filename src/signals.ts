type Handler = (signal: NodeJS.Signals) => void

/** Before anything is loaded there is nothing to finish: the exit is a clean one. */
let handler: Handler = () => process.exit(0)

/** Replaces what the process does on SIGTERM and SIGINT. */
export function onSignal (replacement: Handler): void {
  handler = replacement
}

// Registered when this module is imported, first of all: Node's default is to die, and as PID 1 of a container to ignore SIGTERM.
process.on('SIGTERM', (signal) => handler(signal))
process.on('SIGINT', (signal) => handler(signal))
