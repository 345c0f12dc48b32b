import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/**
 * Words that had a private meaning in this project, and what to write instead. Readers know Fastify, ONNX Runtime, Redis and
 * Docker, but not our vocabulary. CHANGELOG.md and docs/notes/ may quote old names.
 */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\blanes?\b|lanesProblem|LANE_/i, 'unpadded batch, texts per run: "lane" is no term of ONNX Runtime'],
  [/\bseats?\b/i, 'task slot: nothing sits'],
  [/\b(at|behind|through) the door\b|\b(front|one|no) door\b|\bdoors?\b/i, 'admission (control), entry point or proxy'],
  [/\brooms?\b|hasRoom/i, 'module or layer for code; capacity, canEnqueue or canStart for space'],
  [/\btold\b(?! apart)|\btells?\b/i, 'notify, signal, log, return: code does not speak'],
  [/\bknows\b|\bknow no\b/i, 'stores, reads, depends on, supports: code knows nothing'],
  [/\b(asks|asked|asking)\b/i, 'requests, queries, sends: code does not ask'],
  [/\bsays\b/i, 'states, names, contains, answers: only people say something'],
  [/\bgone\b|clientGone/i, 'disconnected, removed, unreachable or expired'],
  [/\btrails?\b(?!ing)/i, 'PredictionTrace'],
  [/spare[- ]?thread/i, 'pre-started worker'],
  [/\b[Ll]aid out\b|\b[Ll]ays? out\b|\blayOut\b/, 'stored, arranged or published'],
  [/as one[- ]word/i, 'a command, a target'],
  [/one word per file/i, 'write what the reader can do'],
  [/\bin ?turns?\b|\bits turn\b|\btakes? (its|a) turn/i, 'scheduled, round-robin'],
  [/\b(commonest)\b/i, 'the most common'],
  [/\bwhichever\b/i, 'either, any, the first'],
  [/\bso many\b/i, 'that many, a number of'],
  [/\bgoes on\b|\bgo on\b|\bgoing on\b|\bwent on\b/i, 'continues, resumes'],
  [/\b(function|const) [a-z]\w*Of\b/, 'functions are verbs: toProblem, readLabels, computeScores'],
  [/\b(texts|requests|bytes|lines|tokens|runs) an? (second|minute|hour|core|worker|run|request)\b/i, 'use "per" for a rate']
]

/** The list itself and generated, vendored or quoting files. */
const EXCLUDED = /^(CHANGELOG\.md|LICENSE|package-lock\.json|docs\/notes\/|tests\/unit\/docs\/words\.test\.ts|models\/|tests\/fixtures\/.*\.json$|training\/|bench\/results\/)/
const SCANNED = /\.(ts|mts|js|mjs|py|sh|md|yml|yaml|json|html|css|mk|toml|conf)$|(^|\/)(Makefile|Dockerfile|\.env\.example|run)$/

function trackedFiles (): string[] {
  const { stdout, status } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  if (status !== 0) throw new Error('This test lists files with git: run it in a clone')
  return stdout.split('\n').filter((path) => SCANNED.test(path) && !EXCLUDED.test(path))
}

function readLines (path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return [] // deleted from the working copy
  }
}

it('no file uses a word with a private meaning (see the list for what to write instead)', () => {
  const found = trackedFiles().flatMap((path) => readLines(path).flatMap((line, index) =>
    WORDS.filter(([pattern]) => pattern.test(line)).map(([, instead]) => `${path}:${index + 1}: ${line.trim().slice(0, 120)} → ${instead}`)))
  expect(found).toEqual([])
})
