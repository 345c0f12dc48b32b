import { expect, it } from 'vitest'
import { clientAddress } from '../../../src/auth/guard.ts'

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:1001', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
  ['[2001:db8::1]:443', '2001:db8::/64'],
  ['[2001:db8::2]', '2001:db8::/64'],
  ['2001:DB8:0:0:1::9', '2001:db8::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['unknown', 'unknown'],
  [undefined, 'unknown'],
  ['_hidden:80', '_hidden:80']
])('counts the client %s as %s', (address, counted) => {
  expect(clientAddress(address)).toBe(counted)
})
