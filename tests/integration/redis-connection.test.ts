import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RedisConnection, type RedisState } from '../../src/cache/redis-connection.ts'
import { captureLogger, type CapturedLogger } from '../support/capture-logger.ts'
import { TestRedis } from '../support/redis.ts'

async function startRedis (args: string[] = []): Promise<TestRedis> {
  const redis = await TestRedis.start(args)
  onTestFinished(() => redis.close())
  return redis
}

/** An administrator's connection. */
function client (redis: TestRedis, url = redis.url) {
  const admin = redis.client(url)
  onTestFinished(() => { admin.disconnect() })
  return admin
}

function open (url: string): { connection: RedisConnection, logger: CapturedLogger } {
  const logger = captureLogger()
  const connection = new RedisConnection({ url, timeoutMs: 1000, logger })
  onTestFinished(() => connection.close())
  connection.start()
  return { connection, logger }
}

const until = (connection: RedisConnection, state: RedisState) =>
  vi.waitFor(() => { expect(connection.state).toBe(state) }, { timeout: 25_000, interval: 20 })

/** Waits until a command fails and the connection is down. */
const untilRejected = (connection: RedisConnection) => vi.waitFor(async () => {
  await connection.execute((redis) => redis.set('key', 'value'))
  expect(connection.state).toBe('down')
}, { timeout: 25_000, interval: 20 })

/** Waits until the log names the reason, once. */
const untilLogged = (logger: CapturedLogger, reason: string) => vi.waitFor(() => {
  const warnings = logger.lines.filter((line) => line.startsWith('warn'))
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(reason)
}, { timeout: 25_000, interval: 20 })

/** An address that leads to one server and later to another, as a failover's does; it can stop forwarding open connections. */
async function startEndpoint (port: number) {
  const sockets = new Set<Socket>()
  const endpoint = { port, connections: 0, url: '', freeze: () => { for (const socket of sockets) socket.unpipe() } }
  const server = createServer((socket) => {
    endpoint.connections++
    const upstream = connect(endpoint.port, '127.0.0.1')
    for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return endpoint
}

describe('RedisConnection', () => {
  it('connects again after a failover that made its server a replica', async () => {
    const [before, after] = [await startRedis(), await startRedis()]
    const endpoint = await startEndpoint(before.port)
    const { connection, logger } = open(endpoint.url)
    await until(connection, 'up')
    await client(before).replicaof('127.0.0.1', after.port)
    endpoint.port = after.port
    await vi.waitFor(async () => {
      await connection.execute((redis) => redis.set('key', 'value'))
      expect(await client(after).get('key')).toBe('value')
    }, { timeout: 25_000, interval: 50 })
    expect(logger.lines).toEqual([expect.stringContaining('Redis connected'), expect.stringContaining('READONLY'), expect.stringContaining('Redis connected')])
  })

  it('is down while its server is a replica, and logs that once', async () => {
    const [redis, primary] = [await startRedis(), await startRedis()]
    const { connection, logger } = open(redis.url)
    await until(connection, 'up')
    const admin = client(redis)
    await admin.replicaof('127.0.0.1', primary.port)
    await untilRejected(connection)
    await untilLogged(logger, 'READONLY')
    await admin.replicaof('NO', 'ONE')
    await until(connection, 'up')
    expect(logger.lines).toHaveLength(3)
  })

  it('replaces a connection that stops answering while new ones work', async () => {
    const redis = await startRedis()
    const endpoint = await startEndpoint(redis.port)
    const { connection } = open(endpoint.url)
    await until(connection, 'up')
    endpoint.freeze()
    await untilRejected(connection)
    await until(connection, 'up')
    expect(endpoint.connections).toBe(2)
  })

  it.each(['/99', '/16'])('writes nothing if the database does not exist: %s', async (database) => {
    const redis = await startRedis()
    const { connection, logger } = open(`${redis.url}${database}`)
    await untilLogged(logger, `"reason":"ERR DB index is out of range","database":${database.slice(1)}`)
    expect(await connection.execute((commands) => commands.set('key', 'value'))).toBeUndefined()
    expect(await client(redis).dbsize()).toBe(0)
    expect(connection.state).toBe('down')
  })

  it('uses only the configured database, also after it reconnects', async () => {
    const redis = await startRedis()
    const { connection } = open(`${redis.url}/3`)
    await until(connection, 'up')
    const admin = client(redis)
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await vi.waitFor(async () => { expect(await connection.execute((commands) => commands.set('key', 'value'))).toBe('OK') }, { timeout: 25_000, interval: 20 })
    expect(await admin.dbsize()).toBe(0)
    await admin.select(3)
    expect(await admin.dbsize()).toBe(1)
  })

  it('is down while the server is full', async () => {
    const redis = await startRedis()
    const { connection, logger } = open(redis.url)
    await until(connection, 'up')
    const admin = client(redis)
    await admin.config('SET', 'maxmemory', '1')
    await untilRejected(connection)
    await untilLogged(logger, 'OOM')
    await admin.config('SET', 'maxmemory', '0')
    await until(connection, 'up')
    expect(logger.lines).toHaveLength(3)
  })

  it.each([
    ['NOAUTH', (redis: TestRedis) => redis.url],
    ['WRONGPASS', (redis: TestRedis) => redis.url.replace('//', '//:wrong@')],
    ['WRONGPASS', (redis: TestRedis) => redis.url.replace('//', '//nobody:right@')]
  ])('is down while its password is rejected with %s', async (reason, urlOf) => {
    const redis = await startRedis(['--requirepass', 'right'])
    const { connection, logger } = open(urlOf(redis))
    await untilLogged(logger, reason)
    expect(connection.state).toBe('down')
    if (reason === 'NOAUTH') {
      await client(redis, redis.url.replace('//', '//:right@')).config('SET', 'requirepass', '')
      await until(connection, 'up')
      expect(logger.lines).toHaveLength(2)
    }
  })

  it('is down if its server is part of a cluster', async () => {
    const redis = await startRedis(['--cluster-enabled', 'yes'])
    const { connection, logger } = open(redis.url)
    await untilLogged(logger, 'CLUSTERDOWN')
    await client(redis).cluster('ADDSLOTSRANGE', 0, 16_383)
    await vi.waitFor(async () => { expect(await client(redis).cluster('INFO')).toContain('cluster_state:ok') }, { timeout: 10_000 })
    expect(connection.state).toBe('down')
    expect(logger.lines).toHaveLength(1)
  })

  it('stays up if a command fails because of its key', async () => {
    const redis = await startRedis()
    const { connection } = open(redis.url)
    await until(connection, 'up')
    await client(redis).lpush('list', 'item')
    for (let count = 0; count < 5; count++) expect(await connection.execute((commands) => commands.get('list'))).toBeUndefined()
    expect(connection.state).toBe('up')
  })
})
