// The image's health check: exit code 0 when /health says 200, so that no shell and no curl is needed.
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
request.on('timeout', () => request.destroy(new Error('no answer in time')))
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
