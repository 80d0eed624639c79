/**
 * Where the command line that runs was installed: a checkout of the sources, or the package in a `node_modules`. A new
 * project needs to know, since it imports the one by paths and the other by name.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

export const packageName = "sinternal"

export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly type?: string
  readonly scripts?: { readonly [name: string]: string }
  readonly dependencies?: { readonly [name: string]: string }
  readonly devDependencies?: { readonly [name: string]: string }
  readonly allowScripts?: { readonly [name: string]: boolean }
}

export interface Installation {
  /** Sources, run as they are; else the package, in plain JavaScript. */
  readonly kind: "checkout" | "package"
  /** The folder of package.json. */
  readonly root: string
  readonly manifest: Manifest
  /** The folder of the files that a new project begins with. */
  readonly template: string
}

export const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

/** The command line's own installation. */
export const ownInstallation = (): Installation => {
  const folder = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "")
  const kind = import.meta.url.endsWith(".ts") ? "checkout" : "package"
  // the package has its modules in dist/library
  const root = kind === "checkout" ? folder : dirname(dirname(folder))
  return { kind, root, manifest: readManifest(root), template: join(folder, "template") }
}

/** Whether a file lies in a folder or below it. */
export const isBelow = (file: string, folder: string): boolean => file === folder || file.startsWith(folder + sep)

/** A path as package.json and imports have it, beginning with a dot. */
export const relativePath = (from: string, to: string): string => {
  const path = relative(from, to).split(sep).join("/")
  return path.startsWith(".") ? path : `./${path}`
}

/** The file that `npm pack` makes in a checkout. */
export const packedFile = ({ manifest, root }: Installation): string =>
  join(root, `${packageName}-${manifest.version}.tgz`)

/**
 * What `dependencies` of a project in `folder` says of this package: as the project says that has it installed, the
 * packed file of a checkout, or the version.
 */
export const dependencyOn = (installation: Installation, folder: string): string => {
  const { kind, manifest, root } = installation
  if (kind === "checkout") return `file:${relativePath(folder, packedFile(installation))}`
  const home = dirname(dirname(root)) // above node_modules
  const owner = existsSync(join(home, "package.json")) ? readManifest(home) : {}
  const said = owner.dependencies?.[packageName] ?? owner.devDependencies?.[packageName]
  if (said === undefined) return manifest.version!
  return said.startsWith("file:") ? `file:${relativePath(folder, resolve(home, said.slice("file:".length)))}` : said
}

/** Whether a package is found from a folder. */
export const isInstalled = (name: string, folder: string): boolean => {
  if (existsSync(join(folder, "node_modules", name))) return true
  return dirname(folder) !== folder && isInstalled(name, dirname(folder))
}
