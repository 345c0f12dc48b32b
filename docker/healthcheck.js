// The image's health check: exit code 0 if /health answers 200. Needs neither a shell nor curl.
import { get } from 'node:http'

const request = get({
  host: '127.0.0.1',
  port: Number(process.env.API_PORT ?? 8000),
  path: '/health',
  agent: false,
  timeout: 2500
}, (response) => {
  response.resume()
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
request.on('timeout', () => request.destroy(new Error('no answer within 2.5 s')))
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
