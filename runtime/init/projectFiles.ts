/**
 * The files of a new project that say what it is: package.json, tsconfig.json and .gitignore. What is there already
 * stays, and gets what it lacks.
 */
import { basename, join } from "node:path"
import { dependencyOn, type Installation, isBelow, type Manifest, packageName, relativePath } from "./Installation.ts"

/** Whether a project in `folder` is part of the checkout: its packages are found there and it imports sources. */
export const isInside = ({ kind, root }: Installation, folder: string): boolean =>
  kind === "checkout" && isBelow(folder, root)

/** Packages that a project wants while it is worked on: types, a Node that runs TypeScript, the kernel of notebooks. */
const wantedTools = ["@types/node", "deno", "node", "typescript"]

const versionsOf = ({ manifest }: Installation, names: ReadonlyArray<string>): { readonly [name: string]: string } => {
  const known = { ...manifest.devDependencies, ...manifest.dependencies }
  return Object.fromEntries(names.flatMap((name) => known[name] === undefined ? [] : [[name, known[name]]]))
}

/** Packages a project depends on, by how long it needs them. None inside the checkout, which has them. */
export const dependenciesOf = (installation: Installation, folder: string) =>
  isInside(installation, folder)
    ? { dependencies: {}, devDependencies: {} }
    : {
      dependencies: { ...versionsOf(installation, ["effect"]), [packageName]: dependencyOn(installation, folder) },
      devDependencies: versionsOf(installation, wantedTools)
    }

/** A name that npm takes, from the folder's. */
const nameOf = (folder: string): string =>
  basename(folder).toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "") || "project"

const scripts = { check: "tsc --noEmit", test: "node --test \"test/*.test.ts\"" }

/** package.json, `before` being the one that is there. */
export const packageJson = (installation: Installation, folder: string, before: Manifest | undefined): Manifest => {
  const wanted = dependenciesOf(installation, folder)
  const filled = <A>(added: { readonly [name: string]: A }, own: { readonly [name: string]: A } = {}) =>
    Object.fromEntries(Object.entries({ ...added, ...own }).sort(([a], [b]) => a < b ? -1 : 1))
  const some = (name: string, value: object) => Object.keys(value).length === 0 ? {} : { [name]: value }
  return {
    ...(before ?? { name: nameOf(folder), private: true }),
    type: "module",
    scripts: { ...scripts, ...before?.scripts },
    ...some("dependencies", filled(wanted.dependencies, before?.dependencies)),
    ...some("devDependencies", filled(wanted.devDependencies, before?.devDependencies)),
    // which packages may run scripts of their own when they are installed
    ...(isInside(installation, folder) || installation.manifest.allowScripts === undefined
      ? {}
      : { allowScripts: { ...installation.manifest.allowScripts, ...before?.allowScripts } })
  }
}

const compilerOptions = {
  target: "esnext",
  module: "nodenext",
  lib: ["esnext"],
  types: ["node"],
  noEmit: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true
}

/** tsconfig.json: what Node needs to run the sources as they are, and the strictness that the types are made for. */
export const tsconfig = (installation: Installation, folder: string): object => ({
  ...(isInside(installation, folder)
    ? { extends: relativePath(folder, join(installation.root, "tsconfig.json")) }
    : { compilerOptions }),
  include: ["experiments", "nodes", "pipelines", "test"]
})

const ignored = ["node_modules/", ".pipeline/", ".jupyter/"]

/** .gitignore: the cache holds prompts and answers, which may be harmful. */
export const gitignore = (before = ""): string => {
  const lines = before.split(/\r?\n/)
  const missing = ignored.filter((line) => !lines.includes(line) && !lines.includes(line.replace(/\/$/, "")))
  return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${missing.map((line) => `${line}\n`).join("")}`
}
