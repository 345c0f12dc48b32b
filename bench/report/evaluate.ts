import { formatNumber, computeRoundRatios, summarizeMeasurements } from './summary.ts'
import type { ScenarioResult } from './results.ts'
import { TARGETS, type Figures, type Target } from './targets.ts'

/** A target with its outcome. */
export interface TargetResult extends Pick<Target, 'scenario' | 'what' | 'required'> {
  measured: string
  /** Undefined if nothing is required or nothing was measured. */
  met: boolean | undefined
}

/** Evaluates the targets of the scenarios in `results`, in the order of TARGETS; failures of the scenarios come last. */
export function evaluateTargets (results: readonly ScenarioResult[]): TargetResult[] {
  const evaluated = TARGETS.flatMap(({ measure, optional = false, ...target }) => {
    const result = results.find(({ scenario }) => scenario === target.scenario)
    if (result === undefined) return []
    const [measured, met] = measure(readFigures(result))
    const missing = measured.startsWith('–') || measured.startsWith('NaN')
    if (missing && optional) return []
    return [{ ...target, measured: missing ? 'not measured' : measured, met: missing ? undefined : met }]
  })
  return [...evaluated, evaluateFailures(results)]
}

/** Formats the evaluated targets for a terminal. */
export function formatTargets (results: readonly ScenarioResult[]): string[] {
  return evaluateTargets(results).map(({ scenario, what, required, measured, met }) =>
    `${met === undefined ? '   –  ' : met ? 'met   ' : 'MISSED'}  ${scenario}: ${what}: ${measured}${required === '' ? '' : ` (${required})`}`)
}

/** Wrong answers, errors and unexpected statuses of all scenarios. */
function evaluateFailures (results: readonly ScenarioResult[]): TargetResult {
  const failures = results.flatMap(({ scenario, failures: list }) => list.map((failure) => `${scenario}: ${failure}`))
  const answers = results.flatMap(({ measurements }) => measurements).reduce((sum, { load }) => sum + (load?.answered ?? 0), 0)
  return {
    scenario: 'all',
    what: 'errors, unexpected statuses and wrong answers',
    required: '0',
    measured: failures.length === 0 ? `0 of ${formatNumber(answers)} answers` : failures.join('; '),
    met: failures.length === 0
  }
}

function readFigures ({ scenario, measurements }: ScenarioResult): Figures {
  const rows = summarizeMeasurements({ measurements })
  return {
    rounds: (name, system) => measurements.filter((item) => item.system === system && item.phase === scenario).map(({ figures }) => figures[name] ?? NaN),
    ratios: (name, a, b) => computeRoundRatios(measurements, name, [a, scenario], [b, scenario]),
    phaseRatios: (name, a, b, system = 'service') => computeRoundRatios(measurements, name, [system, a], [system, b]),
    median: (name, phase, system = 'service') => rows.find((row) => row.system === system && row.phase === phase)?.figures[name] ?? NaN
  }
}
