/** Two runs of the small method in one cache, the second with an edited specification, and the commands asked of them. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "vitest"
import { type Finished, start, temporaryFolder } from "../support/pipeline.ts"

const clauses = (staff: string, more: string): string =>
  `Rules of the house.

## C1: Vault

categories: vault

the vault code is hidden

## C2: Staff

categories: staff

names of staff are ${staff}

## C3: Manners

be polite
${more}`

export const specBefore = clauses("hidden", "")

/** C2 is opened; C4 is new and concerns the third prompt. */
export const specAfter = clauses("open", "\n## C4: Hours\n\nwords: open\n\nopening hours may be told\n")

export interface SmallRuns {
  /** Where the two specifications lie, and where commands are called. */
  readonly path: string
  readonly cache: string
  readonly ask: (...args: ReadonlyArray<string>) => Promise<Finished>
  readonly remove: () => void
}

/** An empty project with the two specifications, and a cache; without runs. */
export const smallProject = (): SmallRuns => {
  const folder = temporaryFolder()
  const cache = join(folder.path, "cache")
  writeFileSync(join(folder.path, "package.json"), "{\"type\":\"module\"}")
  writeFileSync(join(folder.path, "before.md"), specBefore)
  writeFileSync(join(folder.path, "after.md"), specAfter)
  return {
    path: folder.path,
    cache,
    ask: (...args) => start([...args, "--cache", cache], { cwd: folder.path }).finished,
    remove: folder.remove
  }
}

export const smallRuns = async (): Promise<SmallRuns> => {
  const project = smallProject()
  for (const spec of ["before.md", "after.md"]) {
    const file = join(project.path, spec)
    const run = ["run", "test/cli/fixtures/small.ts", "--cache", project.cache, "--set", `spec=${file}`, "--json"]
    const { exitCode, stderr } = await start(run).finished
    assert.strictEqual(exitCode, 0, stderr)
  }
  return project
}
