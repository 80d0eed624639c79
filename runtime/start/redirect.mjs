/**
 * Puts the bundle in the place of the sources it was made of: whoever imports one of them, by whatever specifier, gets
 * the bundle's. So a process has one instance of every module, also where experiments and nodes, which stay sources,
 * meet the runtime and effect; services are found by their tags and tables by their identity.
 */
import { lstatSync } from "node:fs"
import { registerHooks } from "node:module"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { doorOf, folderOf, realFolderOf } from "./bundle.mjs"

/** The URL of each bundled source, and the URL of its door in the bundle. */
const doorsOf = (root, { modules }, bundle) => {
  const doors = new Map()
  for (const [packageFolder, paths] of Object.entries(modules)) {
    const home = `${pathToFileURL(realFolderOf(root, packageFolder)).href}/`
    for (const path of paths) doors.set(home + path, bundle + doorOf(packageFolder, path))
  }
  return doors
}

/** Whether a file lies at this very place; a link leads elsewhere. */
const isFile = (url) => lstatSync(fileURLToPath(url), { throwIfNoEntry: false })?.isFile() === true

/** Folder and ending of a module's URL: what decides how Node reads it. */
const kindOf = (url) => /^(file:.*\/)[^/?#]+(\.m?[jt]s)$/.exec(url)?.slice(1).join("")

/**
 * Redirects every import of a bundled module from here on.
 * @param {string} root
 * @param {import("./bundle.mjs").Manifest} manifest
 * @returns {(module: string) => string} the URL that stands for a module of the project
 */
export const redirect = (root, manifest) => {
  const bundle = `${pathToFileURL(join(folderOf(root), manifest.digest)).href}/`
  const doors = doorsOf(root, manifest, bundle)
  const through = (url) => ({ url, format: "module", shortCircuit: true })
  /** Doors of specifiers that are no paths, by importing folder: all files of a folder mean the same by them. */
  const named = new Map()
  /** How Node reads modules of a kind, once it has found one where its specifier says: no link lies on the way. */
  const formats = new Map()

  const byPath = (specifier, context, next) => {
    const { href } = new URL(specifier, context.parentURL)
    const door = doors.get(href)
    if (door !== undefined) return through(door)
    const kind = kindOf(href)
    const format = formats.get(kind)
    if (format !== undefined && isFile(href)) return { url: href, format, shortCircuit: true }
    const resolved = next(specifier, context)
    if (resolved.url === href && kind !== undefined) formats.set(kind, resolved.format)
    const real = doors.get(resolved.url)
    return real === undefined ? resolved : through(real)
  }

  const byName = (specifier, context, next) => {
    const name = `${specifier}\0${context.parentURL.slice(0, context.parentURL.lastIndexOf("/"))}`
    const known = named.get(name)
    if (known !== undefined) return through(known)
    const resolved = next(specifier, context)
    const door = doors.get(resolved.url)
    if (door === undefined) return resolved
    named.set(name, door)
    return through(door)
  }

  registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context
      // the bundle imports its own files, Node's, and packages that are not in it; Node's are nobody else's either
      if (parentURL === undefined || parentURL.startsWith(bundle) || specifier.startsWith("node:")) {
        return next(specifier, context)
      }
      return (/^(?:\.|\/|file:)/.test(specifier) ? byPath : byName)(specifier, context, next)
    }
  })
  return (module) => bundle + doorOf("", module)
}
