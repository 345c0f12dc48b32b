import { describe, expect, it } from 'vitest'
import { ApiKeys } from '../../../src/auth/guard.ts'
import { hashKeys } from '../../../src/config/api-keys.ts'

const FIRST = 'first-key-of-the-test'
const SECOND = 'c3f1a09b77e24d5586aa'

describe('API keys', () => {
  it('are found by their names, or their positions', () => {
    const keys = new ApiKeys(hashKeys(`alice:${FIRST}, ${SECOND}`))
    expect([keys.findName(FIRST), keys.findName(SECOND), keys.findName('alice'), keys.findName(`alice:${FIRST}`)]).toEqual(['alice', 'key-2', undefined, undefined])
  })

  it.each(['a'.repeat(20), 'abcabcabcabcabcabc', '1234567890123456', 'passwordpassword', 'changemechangeme', '0000000000000001', 'abcdefghijklmnop'])('are rejected if they are easy to guess: %s', (key) => {
    expect(() => hashKeys(key)).toThrow('key 1 is easily guessed')
  })

  it.each([
    [`alice:${FIRST},alice:${SECOND}`, 'key 2 has the name of another'],
    [`:${FIRST}`, 'the name of key 1 is invalid'],
    [`a name:${FIRST}`, 'the name of key 1 is invalid'],
    ['alice:short', 'key 1 has 5']
  ])('are refused if a name or a key is invalid, without repeating it', (list, problem) => {
    expect(() => hashKeys(list)).toThrow(problem)
  })
})
