/**
 * The bundle: the runtime, the cache and the modules of effect below them in a few files of plain JavaScript, so that a
 * command starts without reading hundreds. `build.mjs` makes it; this file says where it lies and whether it still
 * stands for the sources. `redirect.mjs` puts it in their place.
 *
 *     dist/start/manifest.json     what the bundle was made of
 *     dist/start/<digest>/         its code: a chunk per group of commands; below `modules/` a door to every module
 *
 * Plain JavaScript: it runs before anything else does, and may be run by a Node that cannot read TypeScript.
 */
import { existsSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** Names the shape of the manifest and of the folder. */
const format = 1

/** Times within this long before the bundle was compared say nothing: a later edit can leave the same. Unit: ms. */
const settlingMs = 2000

/**
 * A file that was bundled, or that says which version of a package was: its path below the root, its status when its
 * text was last compared, and the SHA-256 of that text.
 * @typedef {readonly [path: string, size: number, mtimeMs: number, ctimeMs: number, digest: string]} Source
 */

/**
 * @typedef {object} Manifest
 * @property {number} format
 * @property {string} digest name of the folder
 * @property {number} comparedMs when the sources were last compared
 * @property {ReadonlyArray<Source>} sources
 * @property {{ readonly [packageFolder: string]: ReadonlyArray<string> }} modules what the bundle stands for: paths
 *   below the root (`""`) or below a package's folder
 */

export const folderOf = (root) => join(root, "dist", "start")
export const manifestOf = (root) => join(folderOf(root), "manifest.json")

/** The door to a bundled module: a file with its exports. */
export const doorOf = (packageFolder, module) =>
  `modules/${packageFolder === "" ? "" : `${packageFolder.replace(/^node_modules\//, "")}/`}${module}`
    .replace(/\.[jt]s$/, ".mjs")

/** SHA-256. Loading Node's crypto takes a tenth of a start, so it is loaded when a text is compared, which is rare. */
export const digestOf = (text) => process.getBuiltinModule("node:crypto").hash("sha256", text)

/** Where the folder of a package is, seen from the root: in its own `node_modules`, or in one above as npm puts it. */
const packageAt = (root, packageFolder) => {
  for (let folder = root;; folder = dirname(folder)) {
    const found = join(folder, packageFolder)
    if (existsSync(found)) return found
    if (dirname(folder) === folder) throw new Error(`${packageFolder} is nowhere at or above ${root}`)
  }
}

/** Where a source is. Those of packages say only which package: `node_modules/<name>/package.json`. */
const placeOf = (root, path) => path.startsWith("node_modules/") ? packageAt(root, path) : join(root, path)

/** The text of a source. */
export const textOf = (root, path) => readFileSync(placeOf(root, path), "utf8")

/** @returns {Source} */
export const sourceOf = (root, path, text) => {
  const { ctimeMs, mtimeMs, size } = statSync(placeOf(root, path))
  return [path, size, mtimeMs, ctimeMs, digestOf(text)]
}

/** @returns {Manifest | undefined} as written; whether it still holds is `usableBundle`'s to say */
export const readManifest = (root) => {
  try {
    const manifest = JSON.parse(readFileSync(manifestOf(root), "utf8"))
    return manifest.format === format ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Written whole or not at all. */
export const writeManifest = (root, manifest) => {
  const unfinished = `${manifestOf(root)}.${process.pid}`
  writeFileSync(unfinished, JSON.stringify({ format, ...manifest }))
  renameSync(unfinished, manifestOf(root))
}

/** Whether a source's status shows that its text is the one last compared. */
const isUntouched = (root, [path, size, mtimeMs, ctimeMs], comparedMs) => {
  const now = statSync(placeOf(root, path))
  return now.size === size && now.mtimeMs === mtimeMs && now.ctimeMs === ctimeMs &&
    Math.max(mtimeMs, ctimeMs) < comparedMs - settlingMs
}

/** The sources with their status of now; undefined where the text of one differs. */
const comparedByText = (root, sources) => {
  const now = []
  for (const [path, , , , digest] of sources) {
    const source = sourceOf(root, path, textOf(root, path))
    if (source[4] !== digest) return undefined
    now.push(source)
  }
  return now
}

/**
 * The bundle of the sources in `root`, if there is one and no source has changed since. A copied project has the same
 * texts with other times: they are compared once, and the new times written down.
 * @returns {Manifest | undefined}
 */
export const usableBundle = (root) => {
  const manifest = readManifest(root)
  if (manifest === undefined || !existsSync(join(folderOf(root), manifest.digest))) return undefined
  try {
    if (manifest.sources.every((source) => isUntouched(root, source, manifest.comparedMs))) return manifest
    const comparedMs = Date.now()
    const sources = comparedByText(root, manifest.sources)
    if (sources === undefined) return undefined
    try {
      writeManifest(root, { ...manifest, comparedMs, sources })
    } catch {
      // a read-only project compares texts at every start
    }
    return manifest
  } catch {
    return undefined
  }
}

/** The folder a package lies in, links followed: how Node names its modules. `""` is the project itself. */
export const realFolderOf = (root, packageFolder) =>
  realpathSync(packageFolder === "" ? root : packageAt(root, packageFolder))
