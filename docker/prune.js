// Removes from node_modules what Node on this platform never loads: other platforms' ONNX binaries, the browser
// builds, and the files that only editors and debuggers read. Run in the image's build, never on a working copy.
import { globSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const modules = join(process.argv[2] ?? '.', 'node_modules')
const { platform, arch } = process

const remove = (path) => rmSync(path, { recursive: true, force: true })

/** Removes the entries of `folder` that are none of `kept`, all of which must be there. */
function keepOnly (folder, kept) {
  const entries = readdirSync(folder)
  const lost = kept.filter((name) => !entries.includes(name))
  if (lost.length > 0) throw new Error(`${folder} has no ${lost.join(', ')}: this version lays its files out differently`)
  entries.filter((name) => !kept.includes(name)).forEach((name) => remove(join(folder, name)))
}

for (const napi of globSync(join(modules, 'onnxruntime-node/bin/napi-v*'))) {
  keepOnly(napi, [platform])
  keepOnly(join(napi, platform), [arch])
}
// transformers.js loads only its ES module build in Node, and reaches WebAssembly only in a browser.
keepOnly(join(modules, '@xenova/transformers'), ['dist', 'package.json', 'LICENSE'])
keepOnly(join(modules, '@xenova/transformers/dist'), ['transformers.node.mjs'])
for (const name of ['onnxruntime-web', '@types']) remove(join(modules, name))

const unread = ['map', 'd.ts', 'd.mts', 'd.cts', 'md'].map((ending) => `**/*.${ending}`)
const isLicence = (path) => /(^|\/)(LICEN[CS]E|NOTICE|COPYING)[^/]*$/i.test(path)
for (const path of globSync(unread, { cwd: modules })) {
  if (!isLicence(path)) remove(join(modules, path))
}
