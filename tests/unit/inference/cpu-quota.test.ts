import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultWorkers } from '../../../src/config.ts'
import { cpuQuota } from '../../../src/create-model-manager.ts'

describe('cpuQuota', () => {
  let root: string
  beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'cgroup-')) })
  afterEach(async () => { await rm(root, { recursive: true }) })

  const write = async (files: Record<string, string>): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content)
    }
  }

  it.each<[string, number, Record<string, string>]>([
    ['cpu.max of cgroup v2', 1.5, { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' }],
    ['the lowest limit of the group and its ancestors', 2, {
      'proc/self/cgroup': '0::/a/b\n', 'sys/fs/cgroup/a/cpu.max': '200000 100000\n', 'sys/fs/cgroup/a/b/cpu.max': 'max 100000\n'
    }],
    ['the quota of cgroup v1', 3, {
      'proc/self/cgroup': '4:cpu,cpuacct:/\n2:memory:/\n', 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n', 'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n'
    }]
  ])('reads %s', async (_case, quota, files) => {
    await write(files)
    expect(cpuQuota(root)).toBe(quota)
  })

  it.each([
    ['there is no control group', {}],
    ['the quota is max', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' }],
    ['the quota is -1', { 'proc/self/cgroup': '1:cpu:/\n', 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' }]
  ])('is unlimited if %s', async (_case, files) => {
    await write(files)
    expect(cpuQuota(root)).toBe(Infinity)
  })
})

describe('defaultWorkers', () => {
  it.each([[Infinity, 8, 8], [2, 8, 2], [1.5, 8, 1], [0.5, 8, 1], [16, 4, 4]])('for a quota of %d on %d cores is %d', (quota, cores, workers) => {
    expect(defaultWorkers(quota, cores)).toBe(workers)
  })
})
