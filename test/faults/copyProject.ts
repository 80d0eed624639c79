/**
 * A copy of the small project in a temporary folder, which uses the engine as an installed package does: by its name.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Finished, projectRoot, start, temporaryFolder } from "../support/pipeline.ts"

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url))

export interface Project {
  readonly path: string
  readonly cache: string
  /** A file of the copy, edited in place. Throws where nothing changes. */
  readonly edit: (file: string, change: (text: string) => string) => void
  readonly write: (file: string, text: string) => void
  /** A command over the copy's experiment and cache, started inside the copy. */
  readonly call: (command: string, ...args: ReadonlyArray<string>) => Promise<Finished>
  readonly remove: () => void
}

/** The package as its sources are: what is published is made of them, and tested in test/package. */
const linkSources = (folder: string): void => {
  mkdirSync(folder, { recursive: true })
  for (const name of ["cache", "models", "nodes", "runtime"]) symlinkSync(join(projectRoot, name), join(folder, name))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "sinternal", version: "0.0.0", type: "module" }))
}

/** `fixture` names the project below `fixtures/`. */
export const copyProject = (fixture: "project" | "mixed" = "project"): Project => {
  const folder = temporaryFolder()
  const path = join(folder.path, "project")
  cpSync(join(fixtures, fixture), path, { recursive: true })
  for (const file of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue
    const text = readFileSync(join(path, file), "utf8")
    writeFileSync(join(path, file), text.replaceAll(/"(?:\.\.\/){4,}/g, "\"sinternal/"))
  }
  writeFileSync(join(path, "package.json"), JSON.stringify({ name: "weights", type: "module" }))
  linkSources(join(path, "node_modules", "sinternal"))
  symlinkSync(join(projectRoot, "node_modules", "effect"), join(path, "node_modules", "effect"))
  const cache = join(folder.path, "cache")
  return {
    path,
    cache,
    edit: (file, change) => {
      const before = readFileSync(join(path, file), "utf8")
      const after = change(before)
      if (after === before) throw new Error(`the edit changes nothing in ${file}`)
      writeFileSync(join(path, file), after)
    },
    write: (file, text) => writeFileSync(join(path, file), text),
    call: (command, ...args) => start([command, "experiment.ts", ...args, "--cache", cache], { cwd: path }).finished,
    remove: folder.remove
  }
}
