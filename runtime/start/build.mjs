/**
 * Makes the bundle (`bundle.mjs` says what it is and where it lies). What lands in it is there whole: every module keeps
 * all its exports, so that a module outside, of a node or of effect, never needs a second instance of one inside.
 *
 * Experiments, pipelines, nodes and models stay outside: their code is digested, and their places on disk are read from
 * call stacks.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative, sep } from "node:path"
import { digestOf, doorOf, folderOf, readManifest, sourceOf, usableBundle, writeManifest } from "./bundle.mjs"

/** Packages that are bundled; all others are imported when they are needed. */
const packages = ["effect", "@effect/platform-node", "@effect/platform-node-shared"]

/** Looks at its own place in its own text (`stacksAreExact`), so its text stays short and its URL its own. */
const looksAtItself = "runtime/code/definitionSite.ts"

/** What is imported together goes into one chunk; a module goes into the first that needs it. */
const groups = [
  { name: "site", test: (id) => id.endsWith(looksAtItself) },
  { name: "start", test: /[\\/]runtime[\\/]Cli\.ts$/ },
  { name: "engine", test: /[\\/]runtime[\\/]cli[\\/](?:run|plan|why|accept)\.ts$/ },
  { name: "others", test: /[\\/](?:runtime|cache)[\\/].*\.ts$/ }
].map((group, index, all) => ({ ...group, priority: all.length - index }))

/** Packages and files by name with `/`, as digests and URLs have them. */
const posix = (path) => path.split(sep).join("/")

const sourcesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name))

/** Modules of effect that sources outside the bundle import: they start faster if these are in it too. */
const wantedOutside = (root) => {
  const folders = ["nodes", "pipelines", "models", "experiments"].map((name) => join(root, name))
  const texts = folders.filter((folder) => existsSync(folder)).flatMap(sourcesBelow)
    .map((file) => readFileSync(file, "utf8"))
  const found = texts.flatMap((text) => [...text.matchAll(/^(?:import|export) .*from "(effect\/[^"]+)"$/gm)])
  return [...new Set(found.map(([, specifier]) => specifier))].sort()
}

/** The folder of each bundled package below the root, by its real path. */
const packageFolders = (root) =>
  new Map(
    packages.map((name) => join("node_modules", name)).filter((folder) => existsSync(join(root, folder)))
      .map((folder) => [realpathSync(join(root, folder)) + sep, posix(folder)])
  )

/** Which module of which package, or of the project (`""`), a file is. Throws where it is of none. */
const makePlaceOf = (root) => {
  const homes = [...packageFolders(root), [root + sep, ""]]
  return (file) => {
    const home = homes.find(([folder]) => file.startsWith(folder))
    if (home === undefined || (home[1] === "" && /[\\/]node_modules[\\/]/.test(file))) {
      throw new Error(`${file} belongs to no package that is bundled`)
    }
    return { packageFolder: home[1], module: posix(file.slice(home[0].length)) }
  }
}

/** `import.meta.url` of a bundled source is still its own: it looks for files from there. */
const keepUrls = (root) => ({
  name: "keep-urls",
  transform: {
    filter: { code: /import\.meta\b/ },
    handler: (code, id) => {
      const path = posix(relative(root, id))
      if (path.startsWith("..") || path.includes("node_modules/") || path === looksAtItself) return undefined
      const other = /import\.meta\.(?!url\b|resolve\b)\w+/.exec(code)
      if (other !== null) throw new Error(`${path} uses ${other[0]}, which a bundle would change`)
      return code.replaceAll(/import\.meta\.url\b/g, `new URL("../../../${path}", import.meta.url).href`)
    }
  }
})

/** Makes every module an entry as it is met, which keeps its exports, and remembers the text it was read with. */
const keepWhole = (placeOf, texts) => ({
  name: "keep-whole",
  load: {
    filter: { id: /\.[jt]s$/ },
    handler: (id) => {
      const code = readFileSync(id, "utf8")
      texts.set(id, code)
      return { code, moduleType: id.endsWith(".ts") ? "ts" : "js" }
    }
  },
  moduleParsed(info) {
    if (info.isEntry || !texts.has(info.id)) return
    const { module, packageFolder } = placeOf(info.id)
    this.emitFile({ type: "chunk", id: info.id, name: doorName(packageFolder, module) })
  }
})

const doorName = (packageFolder, module) => doorOf(packageFolder, module).replace(/\.mjs$/, "")

const isBundled = (specifier) =>
  /^(?:\.|\/|file:)/.test(specifier) || /^[A-Za-z]:[\\/]/.test(specifier) ||
  packages.some((name) => specifier.startsWith(`${name}/`))

/** What the digest of the bundle covers: texts, versions, and how it is made. */
const sourcesOf = (root, texts, placeOf) => {
  const own = [...texts].flatMap(([id, text]) => {
    const { module, packageFolder } = placeOf(id)
    return packageFolder === "" ? [[module, text]] : []
  })
  const others = [
    ...[...packageFolders(root).values()].map((folder) => `${folder}/package.json`),
    "runtime/start/build.mjs",
    "runtime/start/bundle.mjs"
  ]
  const all = [...own, ...others.map((path) => [path, readFileSync(join(root, path), "utf8")])]
  return all.sort(([a], [b]) => a < b ? -1 : 1).map(([path, text]) => sourceOf(root, path, text))
}

const modulesOf = (texts, placeOf) => {
  const modules = {}
  for (const id of [...texts.keys()].sort()) {
    const { module, packageFolder } = placeOf(id)
    ;(modules[packageFolder] ??= []).push(module)
  }
  return modules
}

/** Puts a bundle that is written in its place, under the digest of all it was made of. */
const publish = (root, unfinished, made) => {
  const digest = digestOf(JSON.stringify([made.sources.map(([path, , , , text]) => [path, text]), made.modules]))
  const before = readManifest(root)?.digest
  const place = join(folderOf(root), digest)
  if (existsSync(place)) rmSync(unfinished, { recursive: true })
  else renameSync(unfinished, place)
  writeManifest(root, { digest, ...made })
  sweep(root, [digest, before])
}

/** Removes other bundles, but for the last: a process may still be reading it. */
const sweep = (root, keep) => {
  for (const entry of readdirSync(folderOf(root), { withFileTypes: true })) {
    if (entry.isDirectory() && !keep.includes(entry.name)) {
      rmSync(join(folderOf(root), entry.name), { recursive: true, force: true })
    }
  }
}

/**
 * Makes the bundle of the sources in `root`, unless the one that is there stands for them. Throws where the bundler is
 * not installed or refuses a source; what was there before stays then.
 */
export const build = async (root) => {
  if (usableBundle(root) !== undefined) return
  const { rolldown } = await import("rolldown")
  const comparedMs = Date.now()
  const placeOf = makePlaceOf(root)
  const texts = new Map()
  const files = ["runtime", "cache"].flatMap((folder) => sourcesBelow(join(root, folder)))
  const { resolve } = createRequire(join(root, "package.json"))
  const wanted = wantedOutside(root).map((specifier) => realpathSync(resolve(specifier)))
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries([...files, ...wanted].map((file) => {
      const { module, packageFolder } = placeOf(realpathSync(file))
      return [doorName(packageFolder, module), file]
    })),
    platform: "node",
    external: (specifier) => !isBundled(specifier),
    preserveEntrySignatures: "allow-extension",
    plugins: [keepWhole(placeOf, texts), keepUrls(root)]
  })
  const unfinished = join(folderOf(root), `unfinished-${process.pid}`)
  mkdirSync(dirname(unfinished), { recursive: true })
  await bundle.write({
    dir: unfinished,
    format: "esm",
    comments: false,
    minify: "dce-only",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name].mjs",
    codeSplitting: { groups }
  })
  await bundle.close()
  publish(root, unfinished, { comparedMs, sources: sourcesOf(root, texts, placeOf), modules: modulesOf(texts, placeOf) })
}
