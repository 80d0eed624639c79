/**
 * Module specifiers to what they stand for: a source file of the project, which is read on, or something outside with
 * an identity that changes when it does: a package with its version, a built-in with Node's, a data file with its
 * content, the engine with nothing but its name. Identities hold no path of this machine.
 */
import { hash } from "node:crypto"
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export type Resolution =
  | { readonly kind: "module"; readonly file: string }
  /** A name that stays the same whatever lies behind it: the engine, packages whose version does not count. */
  | { readonly kind: "fixed"; readonly identity: string }
  | { readonly kind: "package"; readonly identity: string }
  | { readonly kind: "data"; readonly identity: string; readonly file: string }

export interface ResolveOptions {
  /** Files that count as a name and no more, and that name. */
  readonly opaque?: ((file: string) => string | undefined) | undefined
  /** Packages, or folders of packages (`name/folder`), whose version does not count. */
  readonly ignorePackages?: ReadonlyArray<string> | undefined
}

const isModuleFile = (file: string): boolean => /\.m?[jt]s$/.test(file) && !/[\\/]node_modules[\\/]/.test(file)

/** A resolver that remembers what it looked up; make one for each program, since files change between runs. */
export const makeResolve = (options: ResolveOptions) => {
  const versions = new Map<string, string>()
  const files = new Map<string, Resolution>()
  const ignored = (specifier: string): boolean =>
    options.ignorePackages?.some((name) => specifier === name || specifier.startsWith(`${name}/`)) === true

  /** `name@version` as seen from `folder`; empty for what is linked into node_modules from the project. */
  const version = (name: string, folder: string): string => {
    const key = `${folder}\0${name}`
    const known = versions.get(key)
    if (known !== undefined) return known
    const manifest = join(folder, "node_modules", name, "package.json")
    const parent = dirname(folder)
    const found = existsSync(manifest)
      ? isLinked(manifest) ? "" : `${name}@${JSON.parse(readFileSync(manifest, "utf8")).version}`
      : parent === folder
      ? ""
      : version(name, parent)
    versions.set(key, found)
    return found
  }

  const ofFile = (file: string): Resolution => {
    const known = files.get(file)
    if (known !== undefined) return known
    const opaque = options.opaque?.(file)
    const found: Resolution = opaque !== undefined
      ? { kind: "fixed", identity: opaque }
      : isModuleFile(file) && existsSync(file)
      ? { kind: "module", file }
      : { kind: "data", file, identity: contentIdentity(file) }
    files.set(file, found)
    return found
  }

  return (specifier: string, from: string): Resolution => {
    if (isBuiltin(specifier)) {
      const [major] = process.versions.node.split(".")
      return { kind: "package", identity: `node:${specifier.replace(/^node:/, "")}@${major}` }
    }
    if (/^\.{0,2}\//.test(specifier)) return ofFile(resolve(dirname(from), specifier.replace(/[?#].*$/, "")))
    if (specifier.startsWith("file:")) return ofFile(fileURLToPath(specifier))
    if (ignored(specifier)) return { kind: "fixed", identity: specifier }
    const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? []
    const known = name === undefined || specifier.startsWith("#") ? "" : version(name, dirname(from))
    if (known !== "") return { kind: "package", identity: `${known}${subpath}` }
    // `#imports`, the package's own name, linked workspaces: code of the project.
    const file = resolveFrom(specifier, from)
    return file === undefined ? { kind: "package", identity: `unresolved ${specifier}` } : ofFile(file)
  }
}

export type Resolve = ReturnType<typeof makeResolve>

const isLinked = (manifest: string): boolean => !/[\\/]node_modules[\\/]/.test(realpathSync(manifest))

const resolveFrom = (specifier: string, from: string): string | undefined => {
  try {
    return createRequire(from).resolve(specifier)
  } catch {
    return undefined
  }
}

/** JSON counts by its value, so that formatting it is a cosmetic edit; other files by their bytes. */
const contentIdentity = (file: string): string => {
  if (!existsSync(file)) return "missing file"
  if (statSync(file).isDirectory()) return "folder"
  const bytes = readFileSync(file)
  return hash("sha256", (file.endsWith(".json") ? compactJson(bytes.toString("utf8")) : undefined) ?? bytes)
}

const compactJson = (text: string): string | undefined => {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The package a file is installed with, its version, and the file in it; `undefined` for a file of the project. */
export const installedIdentity = (file: string): string | undefined => {
  const [, folder, name, path] = /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))(.*)$/.exec(file) ?? []
  const manifest = folder === undefined ? "" : join(folder, "package.json")
  if (!existsSync(manifest)) return undefined
  const { version } = JSON.parse(readFileSync(manifest, "utf8"))
  return `${name}@${version}${path}`.replaceAll("\\", "/")
}
