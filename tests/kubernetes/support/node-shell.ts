import { kubectl, type Pod } from './kubectl.ts'

/** Runs JavaScript as root on the cluster's node; returns its output. */
export async function onNode (script: string): Promise<string> {
  return await kubectl(['--namespace', 'sentiment-test-node', 'exec', 'node-shell', '--', 'node', '--eval', script])
}

/** SIGKILL to the process of `pod` whose command line contains `command`. Returns the time just before. */
export async function killProcess (pod: Pod, command: string): Promise<number> {
  const group = [pod.metadata.uid, pod.metadata.uid.replaceAll('-', '_')]
  return Number(await onNode(`const { readdirSync, readFileSync } = require('node:fs')
    const read = (pid, file) => { try { return readFileSync('/proc/' + pid + '/' + file, 'utf8') } catch { return '' } }
    const found = readdirSync('/proc').filter((pid) => /^\\d+$/.test(pid) && ${JSON.stringify(group)}.some((uid) => read(pid, 'cgroup').includes(uid)) &&
      read(pid, 'cmdline').includes(${JSON.stringify(command)}))
    if (found.length === 0) throw new Error('no such process')
    const at = Date.now()
    for (const pid of found) process.kill(Number(pid), 'SIGKILL')
    console.log(at)`))
}
