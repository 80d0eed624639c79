/**
 * Makes the bundle (`bundle.mjs` says what it is and where it lies). What lands in it is there whole: every module keeps
 * all its exports, so that a module outside, of a node or of effect, never needs a second instance of one inside.
 *
 * Experiments, pipelines, nodes and models stay outside: their code is digested, and their places on disk are read from
 * call stacks. So do the commands in `cli/` that import them, but for the list of all commands.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { join, relative, sep } from "node:path"
import {
  digestOf,
  doorOf,
  folderOf,
  readManifest,
  realFolderOf,
  sourceOf,
  textOf,
  usableBundle,
  writeManifest
} from "./bundle.mjs"

/** Packages that are bundled; all others are imported when they are needed. */
const packages = ["effect", "@effect/platform-node", "@effect/platform-node-shared"]

/** Looks at its own place in its own text (`stacksAreExact`), so its text stays short and its URL its own. */
const looksAtItself = /^runtime\/code\/definitionSite\.[jt]s$/

/** What is imported together goes into one chunk; a module goes into the first that needs it. */
const groups = [
  { name: "site", test: (id) => /[\\/]runtime[\\/]code[\\/]definitionSite\.[jt]s$/.test(id) },
  { name: "start", test: /[\\/](?:runtime[\\/]Cli|cli[\\/]commands)\.[jt]s$/ },
  { name: "engine", test: /[\\/]runtime[\\/]cli[\\/](?:run|plan|why|accept)\.[jt]s$/ },
  { name: "others", test: /[\\/](?:runtime|cache|cli)[\\/].*\.[jt]s$/ }
].map((group, index, all) => ({ ...group, priority: all.length - index }))

/** Paths as digests and URLs have them. */
const posix = (path) => path.split(sep).join("/")

/** A module of the engine: TypeScript in a checkout, JavaScript in the package. What runs before it is `.mjs`. */
const isModule = (name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts")

/**
 * What experiments and nodes import from, and the command line with the list of its commands; modules below come with
 * those that import them.
 */
const ownRoots = (root) => [
  ...["runtime", "cache"].flatMap((folder) =>
    readdirSync(join(root, folder)).filter(isModule).map((name) => join(root, folder, name))
  ),
  ...["ts", "js"].map((extension) => join(root, "cli", `commands.${extension}`)).filter((file) => existsSync(file))
]

const sourcesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isModule(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name))

/** Modules of effect that sources outside the bundle import: they start faster if these are in it too. */
const wantedOutside = (root) => {
  const folders = ["cli", "nodes", "pipelines", "models", "experiments"].map((name) => join(root, name))
  const texts = folders.filter((folder) => existsSync(folder)).flatMap(sourcesBelow)
    .map((file) => readFileSync(file, "utf8"))
  const found = texts.flatMap((text) => [...text.matchAll(/^(?:import|export) .*from "(effect\/[^"]+)";?$/gm)])
  const { resolve } = createRequire(join(root, "package.json"))
  return [...new Set(found.map(([, specifier]) => specifier))].map((specifier) => realpathSync(resolve(specifier)))
}

/** The folder of each bundled package that is installed, as the manifest names it. */
const packageFolders = (root) =>
  packages.map((name) => `node_modules/${name}`).filter((folder) => {
    try {
      return realFolderOf(root, folder) !== undefined
    } catch {
      return false
    }
  })

/** Which module of which package's folder, or of the project (`""`), a file is. Throws where it is of none. */
const makePlaceOf = (root) => {
  const homes = [
    ...packageFolders(root).map((folder) => [realFolderOf(root, folder) + sep, folder]),
    [root + sep, ""]
  ]
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
      if (path.startsWith("..") || path.includes("node_modules/") || looksAtItself.test(path)) return undefined
      const other = /import\.meta\.(?!url\b|resolve\b)\w+/.exec(code)
      if (other !== null) throw new Error(`${path} uses ${other[0]}, which a bundle would change`)
      return code.replaceAll(/import\.meta\.url\b/g, `new URL("../../../${path}", import.meta.url).href`)
    }
  }
})

/** Notes the text that every module was read with. */
const noteTexts = (texts) => ({
  name: "note-texts",
  load: {
    filter: { id: /\.[jt]s$/ },
    handler: (id) => {
      const code = readFileSync(id, "utf8")
      texts.set(id, code)
      return { code, moduleType: id.endsWith(".ts") ? "ts" : "js" }
    }
  }
})

const isBundled = (specifier) =>
  /^(?:\.|\/|[A-Za-z]:[\\/])/.test(specifier) || packages.some((name) => specifier.startsWith(`${name}/`))

/** Where the code goes, and how it is cut. */
const output = (folder) => ({
  dir: folder,
  format: "esm",
  comments: false,
  minify: "dce-only",
  entryFileNames: "[name].mjs",
  chunkFileNames: "[name].mjs",
  codeSplitting: { groups }
})

/** Bundles files and all that they import, into `folder` if there is one. Yields the text of every module by its file. */
const bundleFrom = async (rolldown, root, files, folder) => {
  const placeOf = makePlaceOf(root)
  const texts = new Map()
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(files.map((file) => {
      const { module, packageFolder } = placeOf(file)
      return [doorOf(packageFolder, module).replace(/\.mjs$/, ""), file]
    })),
    platform: "node",
    external: (specifier) => !isBundled(specifier),
    preserveEntrySignatures: "allow-extension",
    logLevel: "silent",
    plugins: [noteTexts(texts), keepUrls(root)]
  })
  try {
    await (folder === undefined ? bundle.generate() : bundle.write(output(folder)))
  } finally {
    await bundle.close()
  }
  return texts
}

/** What the bundle depends on: its modules' texts, the packages' versions, and how it is made. */
const sourcesOf = (root, texts) => {
  const placeOf = makePlaceOf(root)
  const own = [...texts].map(([id, text]) => [placeOf(id), text])
    .flatMap(([{ module, packageFolder }, text]) => packageFolder === "" ? [[module, text]] : [])
  const others = [
    ...packageFolders(root).map((folder) => `${folder}/package.json`),
    "runtime/start/build.mjs",
    "runtime/start/bundle.mjs"
  ].map((path) => [path, textOf(root, path)])
  return [...own, ...others].sort(([a], [b]) => a < b ? -1 : 1).map(([path, text]) => sourceOf(root, path, text))
}

const modulesOf = (root, texts) => {
  const placeOf = makePlaceOf(root)
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
  if (!existsSync(place)) renameSync(unfinished, place)
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
  const unfinished = join(folderOf(root), `unfinished-${process.pid}`)
  try {
    // what is an entry keeps its exports: first all modules are found, then each is one
    const found = await bundleFrom(rolldown, root, [...ownRoots(root), ...wantedOutside(root)], undefined)
    mkdirSync(unfinished, { recursive: true })
    const texts = await bundleFrom(rolldown, root, [...found.keys()], unfinished)
    publish(root, unfinished, { comparedMs, sources: sourcesOf(root, texts), modules: modulesOf(root, texts) })
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
