// The entry point. Signals are handled before the other modules are loaded, which takes most of a second.
import './signals.ts'

await import('./serve.ts')
