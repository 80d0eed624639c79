/**
 * Makes a new project: the files of the template, their imports made to fit, and those that say what the project is.
 * Nothing is written over: either all files are new, or none is written.
 */
import * as Schema from "effect/Schema"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { type Installation, type Manifest, packageName, relativePath } from "./Installation.ts"
import { mapImports } from "./ownImports.ts"
import { gitignore, isInside, packageJson, tsconfig } from "./projectFiles.ts"

/** A project cannot be made in this folder. */
export class ScaffoldRefused extends Schema.TaggedError<ScaffoldRefused>()("ScaffoldRefused", {
  folder: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `${this.folder}: ${this.reason}\n  ${this.next}`
  }
}

interface NewFile {
  readonly path: string
  readonly text: string
}

/** Files of the template by their paths in it, with `/`. */
const templateFiles = (folder: string): ReadonlyArray<NewFile> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(folder, file).split(sep).join("/"), text: readFileSync(file, "utf8") }))
    .sort((a, b) => a.path < b.path ? -1 : 1)

const readIfThere = (file: string): string | undefined => existsSync(file) ? readFileSync(file, "utf8") : undefined

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`

/** The manifest that is there. Throws `ScaffoldRefused` where modules of the project could not run under it. */
const manifestIn = (folder: string): Manifest | undefined => {
  const text = readIfThere(join(folder, "package.json"))
  if (text === undefined) return undefined
  const refused = (reason: string, next: string) => new ScaffoldRefused({ folder, reason, next })
  let manifest: Manifest
  try {
    manifest = JSON.parse(text)
  } catch (error) {
    throw refused(`its package.json cannot be read: ${(error as Error).message}`, "mend it, or name a new folder")
  }
  if (manifest.type === "commonjs") {
    throw refused(
      "its package.json says \"type\": \"commonjs\", and a pipeline is made of ES modules",
      "run `npm pkg set type=module`, then the same command again; or name a new folder"
    )
  }
  return manifest
}

/**
 * Writes the project into `folder`, which may be new. Yields the paths written, relative to it.
 * Throws `ScaffoldRefused` where a file is in the way.
 */
export const scaffold = (installation: Installation, folder: string): ReadonlyArray<string> => {
  const inside = isInside(installation, folder)
  const specifierOf = (file: string) => (module: string) =>
    inside
      ? relativePath(dirname(join(folder, file)), join(installation.root, `${module}.ts`))
      : `${packageName}/${module}`
  const added = [
    ...templateFiles(installation.template).map(({ path, text }) => ({
      path,
      text: mapImports(text, path, specifierOf(path))
    })),
    { path: "tsconfig.json", text: json(tsconfig(installation, folder)) }
  ]
  const taken = added.filter(({ path }) => existsSync(join(folder, path))).map(({ path }) => path)
  if (taken.length > 0) {
    throw new ScaffoldRefused({
      folder,
      reason: `${taken.length === 1 ? "there is" : "there are"} already ${taken.join(", ")}; nothing was written`,
      next: "name a new folder: pipeline init my-project"
    })
  }
  const files = [
    { path: "package.json", text: json(packageJson(installation, folder, manifestIn(folder))) },
    { path: ".gitignore", text: gitignore(readIfThere(join(folder, ".gitignore"))) },
    ...added
  ]
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return files.map(({ path }) => path)
}
