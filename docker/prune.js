// Removes files from node_modules that the service never loads: ONNX Runtime binaries of other platforms, browser builds, image
// codecs, and files for editors, debuggers and the packages' own tests. For the image's build only, never for a working copy:
// node docker/prune.js DIRECTORY. BuildKit sets TARGETARCH to the image's architecture.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const PLATFORM = 'linux'
/** Docker's to Node's name of each architecture for which ONNX Runtime has a Linux binary. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' }

const modules = join(process.argv[2] ?? '.', 'node_modules')
const target = process.env.TARGETARCH || (process.arch === 'x64' ? 'amd64' : process.arch)
const arch = ARCHITECTURES[target]
if (arch === undefined) throw new Error(`no ONNX Runtime for linux/${target}: build for ${Object.keys(ARCHITECTURES).join(' or ')}`)

const remove = (path) => rmSync(path, { recursive: true, force: true })

/** Removes the entries of `folder` that are not in `kept`. Throws if one of `kept` is missing. */
function keepOnly (folder, kept) {
  const entries = readdirSync(folder)
  const missing = kept.filter((name) => !entries.includes(name))
  if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(', ')}: this version has a different layout`)
  entries.filter((name) => !kept.includes(name)).forEach((name) => remove(join(folder, name)))
}

const bindings = join(modules, 'onnxruntime-node/bin')
for (const napi of readdirSync(bindings)) {
  keepOnly(join(bindings, napi), [PLATFORM])
  keepOnly(join(bindings, napi, PLATFORM), [arch])
}

// In Node, transformers.js loads only its ES module build; it uses WebAssembly only in a browser.
keepOnly(join(modules, '@xenova/transformers'), ['dist', 'package.json', 'LICENSE'])
keepOnly(join(modules, '@xenova/transformers/dist'), ['transformers.node.mjs'])
for (const name of ['onnxruntime-web', '@types', '@img', 'sharp']) remove(join(modules, name))

// It also imports sharp, 19 MB of native code for images, and requires a function there; text models never call it.
const sharp = join(modules, 'sharp')
mkdirSync(sharp)
writeFileSync(join(sharp, 'package.json'), '{ "name": "sharp", "version": "0.0.0", "main": "index.js" }\n')
writeFileSync(join(sharp, 'index.js'), 'module.exports = function sharp () { throw new Error("this container image does not support image inputs") }\n')

const isUnread = (path) => /\.(map|d\.[cm]?ts|md|markdown|tsbuildinfo)$/i.test(path) && !/^(licen[cs]e|notice|copying)/i.test(basename(path))
// OpenTelemetry's packages contain each file three times; Node loads build/src.
const isCopy = (path) => /(^|\/)@opentelemetry\/[^/]+\/build\/(esm|esnext)$/.test(path)
// Only next to a package.json: elsewhere, a directory with such a name may be code.
const isOwnTest = (path) => /^(__tests__|tests?|examples?|bench(marks?)?|e2e|\.github)$/.test(basename(path)) &&
  existsSync(join(modules, dirname(path), 'package.json'))

for (const entry of readdirSync(modules, { recursive: true })) {
  const path = entry.replaceAll('\\', '/')
  if (isUnread(path) || isCopy(path) || isOwnTest(path)) remove(join(modules, path))
}
