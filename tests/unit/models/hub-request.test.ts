import { describe, expect, it } from 'vitest'
import { requestFile } from '../../../src/models/hub-request.ts'

const subject = { repo: 'owner/model', revision: 'main', file: 'config.json' }

/** The reason that a request fails with if the connection fails with `cause`. */
async function readReason (cause: Error): Promise<string> {
  const fetch = (): Promise<never> => Promise.reject(new TypeError('fetch failed', { cause }))
  const failure = requestFile({ endpoint: 'https://hub.example', stallMs: 1000, fetch }, subject, 0, new AbortController().signal)
  return await failure.then(() => 'none', (error: Error) => error.message)
}

const systemError = (message: string, code: string): Error => Object.assign(new Error(message), { code })

describe('a connection to the hub that fails', () => {
  it.each(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
    'names the variable for a private CA if its certificate is not known: %s', async (code) => {
      expect(await readReason(systemError('certificate not trusted', code))).toBe('certificate not trusted; if a private CA signed it, set NODE_EXTRA_CA_CERTS')
    })

  it('is reported by the code of a system error, or by its message', async () => {
    expect(await readReason(systemError('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'))).toBe('ECONNREFUSED')
    expect(await readReason(systemError('certificate has expired', 'CERT_HAS_EXPIRED'))).toBe('certificate has expired')
  })
})
