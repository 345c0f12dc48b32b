import { spawnSync } from 'node:child_process'

/** Checks the licences of all npm dependencies, as the lock file and `npm sbom` name them, against lists. Needs no network. */

/** Permissive: may be shipped in the image. */
const ALLOWED = new Set(['MIT', 'MIT-0', 'ISC', '0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', 'Zlib', 'Unlicense'])
/** Allowed for tools that are not shipped: they are used unmodified. */
const ALLOWED_DEV = new Set([...ALLOWED, 'MPL-2.0', 'Python-2.0', 'CC-BY-4.0'])
/** sharp's prebuilt image codecs (LGPL): optional, not shipped; docker/prune.js removes them from the image. */
const NOT_SHIPPED = /^@img\/sharp-/

/** Whether an SPDX expression can be satisfied with the licences in `allowed`. */
function isAllowed (expression, allowed) {
  const inner = expression.replace(/^\((.*)\)$/, '$1')
  if (inner.includes(' AND ')) return inner.split(' AND ').every((part) => isAllowed(part, allowed))
  return inner.split(' OR ').some((part) => allowed.has(part.trim()))
}

function components (...options) {
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', ...options], { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`npm sbom failed:\n${stderr}`)
  return JSON.parse(stdout).components.filter(({ name }) => !NOT_SHIPPED.test(name))
}

const readExpression = ({ licenses = [] }) => licenses.map(({ expression, license }) => expression ?? license.id ?? license.name).join(' AND ') || 'none'
const shipped = components('--omit', 'dev')
const all = components()
const wrong = [
  ...shipped.filter((component) => !isAllowed(readExpression(component), ALLOWED)),
  ...all.filter((component) => !isAllowed(readExpression(component), ALLOWED_DEV))
]
for (const component of wrong) process.stderr.write(`${component.name}@${component.version}: licence ${readExpression(component)} is not in the list of scripts/check-licenses.js\n`)
if (wrong.length === 0) process.stdout.write(`${all.length} packages, ${shipped.length} of them shipped: all licences are allowed\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
