import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../bench/options.ts'
import { SCENARIOS } from '../../../bench/scenarios/index.ts'

const read = (...args: string[]) => readOptions(args, SCENARIOS)

describe('readOptions', () => {
  it('runs every scenario that is not optional, in its own rounds, where nothing is asked for', () => {
    const { scenarios, ...rest } = read()
    expect(scenarios).toEqual(SCENARIOS.filter(({ name }) => name !== 'python' && name !== 'soak'))
    expect(read('python').scenarios.map(({ name }) => name)).toEqual(['python'])
    expect(rest).toEqual({ quick: false })
  })

  it('takes scenarios, rounds, duration, connections and an address', () => {
    const { scenarios, ...rest } = read('miss', 'long', '--rounds', '5', '--duration', '2.5', '--connections', '8', '--url', 'http://127.0.0.1:8000/')
    expect(scenarios.map(({ name }) => name)).toEqual(['miss', 'long'])
    expect(rest).toEqual({ quick: false, rounds: 5, seconds: 2.5, connections: 8, url: 'http://127.0.0.1:8000' })
  })

  it('leaves out what cannot be measured at an address, and refuses it by name', () => {
    expect(read('--url', 'http://127.0.0.1:8000').scenarios.map(({ name }) => name)).not.toContain('cold-start')
    expect(() => read('cold-start', '--url', 'http://127.0.0.1:8000')).toThrow('cold-start starts the service itself')
  })

  it.each([
    [['mis'], 'No such scenario: mis'],
    [['--duration', 'long'], '--duration takes a number above 0'],
    [['--rounds', '1.5'], '--rounds takes a whole number, not "1.5"'],
    [['--connections', '0'], '--connections takes a number above 0'],
    [['--fast'], 'fast'],
    [['--url', 'localhost:8000'], '--url takes an address such as http://127.0.0.1:8000, not "localhost:8000"'],
    [['--against', '/nowhere'], 'there is no /nowhere/dist/server.js'],
    [['--url', 'http://127.0.0.1:1', '--against', '../other'], '--against']
  ])('refuses %j', (args, message) => {
    expect(() => read(...args)).toThrow(message)
  })
})
