/**
 * Puts the bundle in the place of the sources it was made of: whoever imports one of them, by whatever specifier, gets
 * the bundle's. So a process has one instance of every module, also where experiments and nodes, which stay sources,
 * meet the runtime and effect; services are found by their tags and tables by their identity.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
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
  registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context
      // the bundle imports its own files, Node's, and packages that are not in it
      if (parentURL === undefined || parentURL.startsWith(bundle) || specifier.startsWith("node:")) {
        return next(specifier, context)
      }
      const isPath = /^(?:\.|\/|file:)/.test(specifier)
      const name = isPath ? undefined : `${specifier}\0${parentURL.slice(0, parentURL.lastIndexOf("/"))}`
      const known = isPath ? doors.get(new URL(specifier, parentURL).href) : named.get(name)
      if (known !== undefined) return through(known)
      const resolved = next(specifier, context)
      const door = doors.get(resolved.url)
      if (door === undefined) return resolved
      if (name !== undefined) named.set(name, door)
      return through(door)
    }
  })
  return (module) => bundle + doorOf("", module)
}
