// Cluster DNS of the test cluster: dns.ts ADDRESS. SERVICE.NAMESPACE.svc.cluster.local is the Service's address; nothing else
// exists. In production CoreDNS does this.
import { createSocket } from 'node:dgram'
import { get, type Resource } from './api.ts'

const HEADER_BYTES = 12
const NO_ERROR = 0x8180
const SERVER_FAILURE = 0x8182
const NAME_ERROR = 0x8183
const TYPE_A = 1

/** The labels of the query's first question, and where its type begins (RFC 1035, 4.1.2). */
function readName (query: Buffer): { labels: string[], end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase())
    at += 1 + length
  }
  return { labels, end: at + 1 }
}

async function findAddress ([service, namespace, ...domain]: string[]): Promise<string | undefined> {
  if (domain.join('.') !== 'svc.cluster.local') return undefined
  const found = await get<Resource<{ clusterIP: string }>>(`/api/v1/namespaces/${namespace}/services/${service}`)
  return found?.spec.clusterIP
}

function writeAnswer (query: Buffer, end: number, code: number, addresses: string[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  // A pointer to the question's name, type A, class IN, valid for 5 s, 4 bytes.
  const records = addresses.map((address) => Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]))
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end + 4), ...records])
}

async function answer (query: Buffer): Promise<Buffer> {
  const { labels, end } = readName(query)
  try {
    const address = await findAddress(labels)
    const addresses = address !== undefined && query.readUInt16BE(end) === TYPE_A ? [address] : []
    return writeAnswer(query, end, address === undefined ? NAME_ERROR : NO_ERROR, addresses)
  } catch (error) {
    console.error(error)
    return writeAnswer(query, end, SERVER_FAILURE, [])
  }
}

const socket = createSocket('udp4')
socket.on('message', (query, from) => {
  void answer(query).then((reply) => { socket.send(reply, from.port, from.address) })
})
socket.bind(53, process.argv[2])
