import { request } from 'node:http'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds, waitFor } from './support/wait.ts'

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag') })
  await stack.make('up')
})

afterAll(async () => { await stack.remove() })

interface Result { status?: number, error?: string, sent: boolean }

/** Sends one prediction on its own connection. `sent`: whether the service accepted the connection. */
function predict (host: string, port: number, index: number): Promise<Result> {
  return new Promise((resolve) => {
    let sent = false
    const texts = Array.from({ length: 16 }, (_, part) => `stop ${index} ${part}: ${'a long day with good coffee '.repeat(8)}`)
    const sending = request({ host, port, path: '/predict', method: 'POST', agent: false, headers: { 'content-type': 'application/json' } }, (response) => {
      response.resume()
      response.on('end', () => { resolve({ status: response.statusCode as number, sent: true }) })
      response.on('error', (error) => { resolve({ error: error.message, sent: true }) })
    })
    sending.on('socket', (socket) => { socket.on('connect', () => { sent = true }) })
    sending.on('error', (error: NodeJS.ErrnoException) => { resolve({ error: error.code ?? error.message, sent }) })
    sending.end(JSON.stringify({ texts }))
  })
}

it('docker stop under load answers every accepted request and exits with code 0', async () => {
  const id = await stack.container('api')
  // Connect to the container directly: Docker's proxy accepts connections that never reach the service.
  const networks = await inspect<Record<string, { IPAddress: string }>>(id, '.NetworkSettings.Networks')
  const host = Object.values(networks)[0]?.IPAddress as string
  const results: Result[] = []
  let inFlight = 0
  const load = new AbortController()
  const client = async (first: number): Promise<void> => {
    for (let index = first; !load.signal.aborted; index += 8) {
      inFlight++
      const result = await predict(host, 8000, index)
      inFlight--
      results.push(result)
      if (result.error !== undefined && !result.sent) return
    }
  }
  const clients = Array.from({ length: 8 }, (_, index) => client(index))
  await waitFor('load', async () => results.length >= 16 && inFlight > 0 ? true : undefined)
  const began = performance.now()
  const before = results.length
  await docker('stop', id)
  report(`stopped in ${seconds(performance.now() - began)}`)
  load.abort()
  await Promise.all(clients)
  const after = results.slice(before)
  report(`answered ${results.filter(({ status }) => status === 200).length}, rejected with 503 ${results.filter(({ status }) => status === 503).length}, answered after the signal ${after.filter(({ status }) => status !== undefined).length}`)
  expect(results.filter(({ sent, status }) => sent && status === undefined)).toEqual([])
  expect(results.filter(({ status }) => status !== undefined && status !== 200 && status !== 503)).toEqual([])
  expect(after.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
  expect(await inspect(id, '.State')).toMatchObject({ ExitCode: 0, OOMKilled: false, Running: false })
})
