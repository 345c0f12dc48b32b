// Removes from node_modules what the service never loads: other platforms' ONNX binaries, browser builds, images'
// codecs, and the files that only editors, debuggers and packages' own tests read. Run in the image's build, never on a
// working copy: node docker/prune.js FOLDER. The image's platform comes from TARGETARCH, BuildKit's name for it.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const PLATFORM = 'linux'
/** Node's name for each architecture that ONNX Runtime has a Linux binary for. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' }

const modules = join(process.argv[2] ?? '.', 'node_modules')
const target = process.env.TARGETARCH || (process.arch === 'x64' ? 'amd64' : process.arch)
const arch = ARCHITECTURES[target]
if (arch === undefined) throw new Error(`no ONNX Runtime for linux/${target}: build for ${Object.keys(ARCHITECTURES).join(' or ')}`)

const remove = (path) => rmSync(path, { recursive: true, force: true })

/** Removes the entries of `folder` that are none of `kept`, all of which must be there. */
function keepOnly (folder, kept) {
  const entries = readdirSync(folder)
  const lost = kept.filter((name) => !entries.includes(name))
  if (lost.length > 0) throw new Error(`${folder} has no ${lost.join(', ')}: this version lays its files out differently`)
  entries.filter((name) => !kept.includes(name)).forEach((name) => remove(join(folder, name)))
}

const bindings = join(modules, 'onnxruntime-node/bin')
for (const napi of readdirSync(bindings)) {
  keepOnly(join(bindings, napi), [PLATFORM])
  keepOnly(join(bindings, napi, PLATFORM), [arch])
}

// transformers.js loads only its ES module build in Node, and reaches WebAssembly only in a browser.
keepOnly(join(modules, '@xenova/transformers'), ['dist', 'package.json', 'LICENSE'])
keepOnly(join(modules, '@xenova/transformers/dist'), ['transformers.node.mjs'])
for (const name of ['onnxruntime-web', '@types', '@img', 'sharp']) remove(join(modules, name))

// It also imports sharp, 19 MB of native code for pictures, and wants a function there; texts never call it.
const sharp = join(modules, 'sharp')
mkdirSync(sharp)
writeFileSync(join(sharp, 'package.json'), '{ "name": "sharp", "version": "0.0.0", "main": "index.js" }\n')
writeFileSync(join(sharp, 'index.js'), 'module.exports = function sharp () { throw new Error("this image reads no pictures") }\n')

const isUnread = (path) => /\.(map|d\.[cm]?ts|md|markdown|tsbuildinfo)$/i.test(path) && !/^(licen[cs]e|notice|copying)/i.test(basename(path))
// OpenTelemetry's packages carry each file three times; Node takes build/src.
const isCopy = (path) => /(^|\/)@opentelemetry\/[^/]+\/build\/(esm|esnext)$/.test(path)
// Beside a package.json only: deeper down such a name may be code.
const isOwnTest = (path) => /^(__tests__|tests?|examples?|bench(marks?)?|e2e|\.github)$/.test(basename(path)) &&
  existsSync(join(modules, dirname(path), 'package.json'))

for (const entry of readdirSync(modules, { recursive: true })) {
  const path = entry.replaceAll('\\', '/')
  if (isUnread(path) || isCopy(path) || isOwnTest(path)) remove(join(modules, path))
}
