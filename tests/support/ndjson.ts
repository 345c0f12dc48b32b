import { request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { createInterface } from 'node:readline'

export interface StreamClient {
  request: ClientRequest
  response: Promise<IncomingMessage>
}

/** Opens an NDJSON request that the test writes to; answers are read as it likes. */
export function openStream (port: number, options: RequestOptions = {}): StreamClient {
  const outgoing = request({ port, host: '127.0.0.1', path: '/predict', method: 'POST', ...options, headers: { 'content-type': 'application/x-ndjson', ...options.headers } })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
  })
  response.catch(() => {})
  return { request: outgoing, response }
}

export interface StreamLine {
  line?: number
  id?: string | number
  code?: string
  status?: number
  title?: string
  detail?: string
  label?: string
  score?: number
  model?: string
  requestId?: string
}

/** Every line of an answer. */
export async function readLines (response: IncomingMessage): Promise<StreamLine[]> {
  const lines: StreamLine[] = []
  for await (const line of createInterface({ input: response })) lines.push(JSON.parse(line) as StreamLine)
  return lines
}

/** Sends a whole body and reads the whole answer. */
export async function sendLines (port: number, body: string | Buffer): Promise<{ response: IncomingMessage, lines: StreamLine[] }> {
  const client = openStream(port)
  client.request.end(body)
  const response = await client.response
  return { response, lines: await readLines(response) }
}
