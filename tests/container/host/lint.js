// Lints the Dockerfile, the Compose files and the shell scripts. Needs no Docker engine; if `docker compose` is installed, it
// must also read the files without a warning.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const DOCKERFILE = 'docker/Dockerfile'
const composeFiles = readdirSync('docker').filter((name) => /^docker-compose.*\.yml$/.test(name)).map((name) => `docker/${name}`)
const problems = []

/** Runs a linter; an exit code other than 0 or any output on standard error is a problem. */
function check (name, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined) problems.push(`${name}: ${error.message}`)
  else if (status !== 0 || stderr.trim() !== '') problems.push(`${name}:\n${stdout}${stderr}`)
}

const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

check('dockerfile-utils', process.execPath, 'node_modules/dockerfile-utils/bin/dockerfile-utils', 'lint', DOCKERFILE)
check('dclint', process.execPath, 'node_modules/dclint/bin/dclint.cjs', '-c', 'docker/.dclintrc.yaml', '--max-warnings', '0', ...composeFiles)
if (has('shellcheck', '--version')) {
  const scripts = ['docker', 'tests/container/host'].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.sh')).map((name) => `${folder}/${name}`))
  check('shellcheck', 'shellcheck', '-x', '-P', 'SCRIPTDIR', ...scripts)
}
if (has('docker', 'compose', 'version')) {
  const base = 'docker/docker-compose.yml'
  check('docker compose config', 'docker', 'compose', '-f', base, 'config', '--quiet')
  for (const file of composeFiles.filter((name) => name !== base)) {
    check(`docker compose config ${file}`, 'docker', 'compose', '-f', base, '-f', file, 'config', '--quiet')
  }
}

/** The subset of hadolint's rules that matter for this file, with hadolint's numbers. */
const lines = readFileSync(DOCKERFILE, 'utf8').replace(/\\\n/g, ' ').split('\n').filter((line) => !/^\s*(#|$)/.test(line))
const stages = lines.filter((line) => /^FROM /.test(line))
const names = stages.map((line) => / AS (\S+)$/.exec(line)?.[1])
const base = (line) => line.split(' ').filter((word) => !word.startsWith('--'))[1]
const rule = (number, text, bad) => bad.forEach((line) => problems.push(`${number} ${text}: ${line.trim()}`))
rule('DL3006', 'base image without a tag', stages.filter((line) => !names.includes(base(line)) && !/^\S+:\S+/.test(base(line))))
rule('DL3029', 'no fixed platform', stages.filter((line) => /--platform=(?!\$BUILDPLATFORM)/.test(line)))
rule('DL3007', 'base image tagged latest', stages.filter((line) => /:latest\b/.test(line)))
rule('DL3000', 'WORKDIR must be absolute', lines.filter((line) => /^WORKDIR (?!\/)/.test(line)))
rule('DL3020', 'COPY instead of ADD', lines.filter((line) => /^ADD /.test(line)))
rule('DL3025', 'exec form for CMD and ENTRYPOINT', lines.filter((line) => /^(CMD|ENTRYPOINT) (?!\[)/.test(line)))
rule('DL3004', 'no sudo', lines.filter((line) => /^RUN .*\bsudo\b/.test(line)))
rule('DL3016', 'npm ci, which installs what is in the lock file', lines.filter((line) => /^RUN .*npm (install|i) /.test(line)))
rule('DL3024', 'stage names must be unique', names.filter((name, index) => names.indexOf(name) !== index))
rule('DL3002', 'the last user must not be root', lines.filter((line) => /^USER /.test(line)).slice(-1).filter((line) => /^USER (root|0)\b/.test(line)))
if (!lines.some((line) => /^USER /.test(line))) problems.push('DL3002 no USER')
if (!lines.some((line) => /^HEALTHCHECK .*CMD \[/.test(line))) problems.push('DL3057 no HEALTHCHECK in exec form')
rule('secret', 'no token in ARG or ENV', lines.filter((line) => /^(ARG|ENV) .*(TOKEN|PASSWORD|SECRET|KEY)/.test(line)))

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stdout.write(problems.length === 0 ? `${DOCKERFILE}, ${composeFiles.join(', ')}: no problem\n` : '')
process.exitCode = problems.length === 0 ? 0 : 1
