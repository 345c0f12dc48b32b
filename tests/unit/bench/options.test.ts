import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../bench/options.ts'
import { SCENARIOS } from '../../../bench/scenarios/index.ts'

const read = (...args: string[]) => readOptions(args, SCENARIOS)

describe('readOptions', () => {
  it('selects every scenario that is not optional, with its own number of rounds, by default', () => {
    const { scenarios, ...rest } = read()
    expect(scenarios).toEqual(SCENARIOS.filter(({ name }) => name !== 'soak' && name !== 'capacity'))
    expect(read('soak').scenarios.map(({ name }) => name)).toEqual(['soak'])
    expect(rest).toEqual({ quick: false })
  })

  it('reads scenarios, rounds, duration, connections and a URL', () => {
    const { scenarios, ...rest } = read('miss', 'long', '--rounds', '5', '--duration', '2.5', '--connections', '8', '--url', 'http://127.0.0.1:8000/')
    expect(scenarios.map(({ name }) => name)).toEqual(['miss', 'long'])
    expect(rest).toEqual({ quick: false, rounds: 5, seconds: 2.5, connections: 8, url: 'http://127.0.0.1:8000' })
  })

  it('skips scenarios that start the service themselves with --url, and rejects them by name', () => {
    expect(read('--url', 'http://127.0.0.1:8000').scenarios.map(({ name }) => name)).not.toContain('cold-start')
    expect(() => read('cold-start', '--url', 'http://127.0.0.1:8000')).toThrow('cold-start starts the service itself')
  })

  it.each([
    [['mis'], 'Unknown scenario: mis'],
    [['--duration', 'long'], '--duration must be a number above 0'],
    [['--rounds', '1.5'], '--rounds must be an integer, not "1.5"'],
    [['--connections', '0'], '--connections must be a number above 0'],
    [['--fast'], 'fast'],
    [['miss', '--p99', '100'], '--p99 and --texts are options of the scenario capacity'],
    [['capacity', '--p99', 'slow'], '--p99 must be a number above 0'],
    [['capacity', '--texts', '/nowhere.txt'], '--texts: no such file: /nowhere.txt'],
    [['--url', 'localhost:8000'], '--url must be an HTTP URL such as http://127.0.0.1:8000, not "localhost:8000"'],
    [['--against', '/nowhere'], 'missing /nowhere/dist/server.js'],
    [['--url', 'http://127.0.0.1:1', '--against', '../other'], '--against']
  ])('refuses the arguments %j', (args, message) => {
    expect(() => read(...args)).toThrow(message)
  })
})
