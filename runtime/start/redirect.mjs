/**
 * Puts the bundle in the place of the sources it was made of: whoever imports one of them, by whatever specifier, gets
 * the bundle's. So a process has one instance of every module, also where experiments and nodes, which stay sources,
 * meet the runtime and effect; services are found by their tags and tables by their identity.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { doorOf, folderOf, realFolderOf } from "./bundle.mjs"

/**
 * Redirects every import of a bundled module from here on.
 * @param {string} root
 * @param {import("./bundle.mjs").Manifest} manifest
 * @returns {(module: string) => string} the URL that stands for a module of the project
 */
export const redirect = (root, manifest) => {
  const bundle = `${pathToFileURL(join(folderOf(root), manifest.digest)).href}/`
  const doors = new Map()
  for (const [packageFolder, modules] of Object.entries(manifest.modules)) {
    const home = `${pathToFileURL(realFolderOf(root, packageFolder)).href}/`
    for (const module of modules) doors.set(home + module, bundle + doorOf(packageFolder, module))
  }
  const through = (url) => ({ url, format: "module", shortCircuit: true })
  registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context
      // the bundle imports its own files, Node's and other packages'
      if (parentURL === undefined || parentURL.startsWith(bundle) || specifier.startsWith("node:")) {
        return next(specifier, context)
      }
      const named = specifier.startsWith(".") ? doors.get(new URL(specifier, parentURL).href) : undefined
      if (named !== undefined) return through(named)
      const resolved = next(specifier, context)
      const door = doors.get(resolved.url)
      return door === undefined ? resolved : through(door)
    }
  })
  return (module) => bundle + doorOf("", module)
}
