/** One or more settings are invalid; `problems` has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const MAX_QUOTED = 100

/** Hides user and password of every URL in `text`, up to the last @: an unencoded password may contain any character. */
export function hideCredentials (text: string): string {
  return text.replace(/:\/\/.*@/gs, '://***@')
}

/** A value as it may be shown in a one-line message: without credentials, control characters or excessive length. */
export function quote (value: string): string {
  const shown = hideCredentials(value)
  return JSON.stringify(shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED)}…` : shown)
}
