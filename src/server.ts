// The entry point. It handles signals before it loads the other modules, which takes most of a second.
import './signals.ts'

await import('./serve.ts')
