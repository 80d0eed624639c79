/**
 * The first hour as `docs/own-project.md` has it, with a registry: the packed package is installed by npm in an empty
 * folder, makes a project, installs what that wants, and the project compiles, passes its test and runs.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { pack } from "../package/installPackage.ts"
import { temporaryFolder } from "../support/pipeline.ts"

const temporary = temporaryFolder()
const project = join(temporary.path, "own")
afterAll(temporary.remove)

/** npm's variables of the test's own run, but for those that say where the machine's settings for npm are. */
const npmOwn = /^npm_(?!config_(?:globalconfig|userconfig)$)/

/** A command as it is typed. */
const typed = (program: string, ...args: ReadonlyArray<string>): string => {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      !npmOwn.test(name) && !/^(?:PIPELINE_CACHE$|VITEST|NODE_ENV$|NODE_OPTIONS$)/.test(name)
    )
  )
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: project, encoding: "utf8", env })
  if (status !== 0) {
    throw new Error(`${[program, ...args].join(" ")}: ${status}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`)
  }
  return stdout
}

describe("the package from npm's hands", () => {
  it("becomes a project that compiles, passes its test and runs", () => {
    mkdirSync(project)
    typed("npm", "install", "--ignore-scripts", pack(temporary.path))
    assert.match(typed("npx", "pipeline", "init"), /next:\n {2}npm install\n {2}npx pipeline run/)
    typed("npm", "install")
    typed("npm", "run", "check")
    assert.match(typed("npm", "test"), /pass 2\n/)
    typed("npx", "pipeline", "run", "experiments/first.ts")
    const counts = typed("npx", "pipeline", "query", "from countByClause order by clauseId", "--format", "csv")
    assert.strictEqual(counts.replaceAll("\r", "").trim(), "clauseId,answers,broken\nC1,2,1\nC2,2,1\nC3,2,1")
    const { dependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"))
    assert.match(dependencies.sinternal, /^file:.*\.tgz$/)
  })
})
