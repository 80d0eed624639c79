/**
 * `pipeline init` in a checkout: what it writes is whole, runs and compiles as it is, and nothing is written over.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { cellsOf } from "../../notebooks/library/cells.ts"
import { mapImports } from "../../runtime/init/ownImports.ts"
import { projectRoot, start, temporaryFolder } from "../support/pipeline.ts"
import { ran, rowsRan } from "../support/whatRan.ts"

const call = (cwd: string, ...args: ReadonlyArray<string>) => start(args, { cwd }).finished
const json = (file: string) => JSON.parse(readFileSync(file, "utf8"))

const tool = (cwd: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" })
  return { status, said: `${stdout}${stderr}` }
}

describe("inside the checkout", () => {
  let folder: string
  let project: string
  beforeAll(async () => {
    mkdirSync(join(projectRoot, "dist"), { recursive: true })
    folder = mkdtempSync(join(projectRoot, "dist", "init-"))
    project = join(folder, "deep", "mine")
    const { exitCode, stdout } = await call(folder, "init", "deep/mine")
    assert.strictEqual(exitCode, 0)
    assert.match(stdout, /\nnext:\n {2}cd deep\/mine\n {2}npx pipeline run experiments\/first\.ts /)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("the project runs at once, and an edited clause costs the rows that are shown it", async () => {
    const first = await call(project, "run", "experiments/first.ts", "--json")
    assert.strictEqual(first.exitCode, 0, first.stderr)
    assert.strictEqual(rowsRan(first.events, "check").ran, 8)
    const { stdout } = await call(
      project,
      "query",
      "select clauseId, broken from countByClause order by all",
      "--format",
      "csv"
    )
    assert.strictEqual(stdout.trim().replaceAll("\r", ""), "clauseId,broken\nC1,1\nC2,1\nC3,1")
    const spec = join(project, "specs", "house.md")
    writeFileSync(spec, readFileSync(spec, "utf8").replace("- lives at\n", "- lives at\n- who had it\n"))
    const second = await call(project, "run", "experiments/first.ts", "--json")
    assert.deepStrictEqual([rowsRan(second.events, "check").ran, rowsRan(second.events, "check").fresh], [2, 6])
    assert.deepStrictEqual(ran(second.events), ["loadSpec", "check", "countByClause"])
  })

  it("it compiles, the notebook's cells too, and its test passes", () => {
    const cells = cellsOf(json(join(project, "notebooks", "first.ipynb"))).filter(({ type }) => type === "code")
    assert.lengthOf(cells, 2)
    // beside an experiment, where the same paths lead to the same files
    writeFileSync(join(project, "experiments", "cells.ts"), cells.map(({ text }) => text).join("\n"))
    assert.deepStrictEqual(tool(project, join(projectRoot, "node_modules/typescript/bin/tsc"), "--noEmit"), {
      status: 0,
      said: ""
    })
    const tested = tool(project, "--test", "test/*.test.ts")
    assert.strictEqual(tested.status, 0, tested.said)
    assert.match(tested.said, /pass 2\n/)
  })

  it("a second init is refused and writes nothing", async () => {
    const before = readFileSync(join(project, "package.json"), "utf8")
    rmSync(join(project, ".gitignore"))
    const { exitCode, stderr } = await call(project, "init")
    assert.strictEqual(exitCode, 2)
    assert.match(stderr, /there are already .*experiments\/first\.ts.*; nothing was written\n {2}name a new folder/)
    assert.isFalse(existsSync(join(project, ".gitignore")))
    assert.strictEqual(readFileSync(join(project, "package.json"), "utf8"), before)
  })

  it("npx finds the command that package.json names although nothing was built", () => {
    const { bin } = json(join(projectRoot, "package.json"))
    for (const file of Object.values<string>(bin)) {
      assert.notMatch(file, /^(?:\.\/)?dist\//)
      assert.match(tool(folder, join(projectRoot, file), "--version").said, /^pipeline v/)
    }
  })

  it("the checkout's own folder is refused", async () => {
    const { exitCode, stderr } = await call(projectRoot, "init")
    assert.strictEqual(exitCode, 2)
    assert.match(stderr, /already .*tsconfig\.json; nothing was written/)
  })
})

describe("elsewhere", () => {
  const temporary = temporaryFolder()
  const project = join(temporary.path, "My Project")
  afterEach(() => rmSync(project, { recursive: true, force: true }))
  afterAll(temporary.remove)

  const prepared = (files: { readonly [path: string]: string }) => {
    mkdirSync(project, { recursive: true })
    for (const [path, text] of Object.entries(files)) writeFileSync(join(project, path), text)
  }

  it("the project depends on what npm pack makes, and imports it by name", async () => {
    const { exitCode, stdout } = await call(temporary.path, "init", "My Project")
    assert.strictEqual(exitCode, 0)
    assert.match(stdout, /npm pack\).*\n {2}cd 'My Project'\n {2}npm install\n/)
    const { dependencies, devDependencies, name, type } = json(join(project, "package.json"))
    assert.deepStrictEqual([name, type], ["my-project", "module"])
    const own = json(join(projectRoot, "package.json"))
    assert.strictEqual(dependencies.effect, own.dependencies.effect)
    assert.match(dependencies.sinternal, new RegExp(`^file:\\.\\..*/sinternal-${RegExp.escape(own.version)}\\.tgz$`))
    assert.strictEqual(devDependencies.typescript, own.devDependencies.typescript)
    const texts = readdirSync(project, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    assert.isFalse(texts.some((text) => /from \\?"(?:\.\.\/){2}/.test(text)))
    assert.include(readFileSync(join(project, "nodes", "check.ts"), "utf8"), "from \"sinternal/runtime/Node\"")
    assert.include(readFileSync(join(project, "nodes", "check.ts"), "utf8"), "from \"./tables.ts\"")
  })

  it("what is there stays: package.json and .gitignore get what they lack", async () => {
    prepared({
      "package.json": JSON.stringify({ name: "given", scripts: { test: "mine" }, dependencies: { effect: "9.9.9" } }),
      ".gitignore": "secret\nnode_modules"
    })
    assert.strictEqual((await call(project, "init")).exitCode, 0)
    const { dependencies, name, scripts, type } = json(join(project, "package.json"))
    assert.deepStrictEqual([name, type, scripts.test, scripts.check], ["given", "module", "mine", "tsc --noEmit"])
    assert.deepStrictEqual(Object.keys(dependencies), ["effect", "sinternal"])
    assert.strictEqual(dependencies.effect, "9.9.9")
    assert.strictEqual(
      readFileSync(join(project, ".gitignore"), "utf8"),
      "secret\nnode_modules\n.pipeline/\n.jupyter/\n"
    )
  })

  it.each([
    ["{\"type\": \"commonjs\"}", /says "type": "commonjs".*\n {2}run `npm pkg set type=module`/],
    ["{", /package\.json cannot be read: .*\n {2}mend it/]
  ])("is refused with package.json %s", async (text, message) => {
    prepared({ "package.json": text })
    const { exitCode, stderr } = await call(project, "init")
    assert.strictEqual(exitCode, 2)
    assert.match(stderr, message)
    assert.deepStrictEqual(readdirSync(project), ["package.json"])
  })
})

describe("imports of the template", () => {
  it("that leave it are mapped, others stay", () => {
    const text = [
      "import { a } from \"../../nodes/tables.ts\"",
      "import { b } from \"../nodes/tables.ts\"",
      "\"import \\\"../../notebooks/library/open.ts\\\"\""
    ].join("\n")
    assert.strictEqual(
      mapImports(text, "experiments/first.ts", (module) => `x/${module}`),
      [
        "import { a } from \"x/nodes/tables\"",
        "import { b } from \"../nodes/tables.ts\"",
        "\"import \\\"x/notebooks/library/open\\\"\""
      ].join("\n")
    )
  })
})
