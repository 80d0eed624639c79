/** The notebooks that ship: in step with their sources, executed, of right types; and how notebooks are made and checked. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { cellsOf, parseCells, toNotebook } from "../../notebooks/library/cells.ts"
import { checkCells } from "../../notebooks/library/checkCells.ts"
import { writeKernelspec } from "../../notebooks/library/kernelspec.ts"
import { pipeline, projectRoot, start, temporaryFolder } from "../support/pipeline.ts"

interface ShippedCell {
  readonly cell_type: string
  readonly id: string
  readonly source: ReadonlyArray<string>
  readonly execution_count?: number | null
  readonly outputs?: ReadonlyArray<
    { readonly output_type: string; readonly data?: { readonly [mime: string]: unknown } }
  >
}

const folder = join(projectRoot, "notebooks")

describe.each(["quickstart", "clauseEdit", "expertFraction"])("%s.ipynb", (name) => {
  const text = readFileSync(join(folder, `${name}.ipynb`), "utf8")
  const shipped = JSON.parse(text) as { readonly cells: ReadonlyArray<ShippedCell>; readonly nbformat: number }
  const code = shipped.cells.filter((cell) => cell.cell_type === "code")

  it("is what its source gives, but for the outputs", () => {
    const built = toNotebook(parseCells(readFileSync(join(folder, `${name}.ts`), "utf8")))
    const bare = ({ cell_type, id, source }: ShippedCell) => ({ cell_type, id, source })
    assert.deepStrictEqual(
      shipped.cells.map(bare),
      (built.cells as ReadonlyArray<ShippedCell>).map(bare),
      "run node notebooks/ship.ts (see docs/notebooks.md)"
    )
  })

  it("ships executed: every code cell shows something, in order, and none failed", () => {
    const again = "run node notebooks/ship.ts (see docs/notebooks.md)"
    assert.deepStrictEqual(code.map((cell) => cell.execution_count), code.map((_, i) => i + 1), again)
    for (const { id, outputs } of code) {
      assert.deepStrictEqual(outputs!.map((output) => output.output_type), ["display_data"], id)
      assert.isNotEmpty(outputs![0]!.data!["text/plain"], id)
    }
    const texts = code.map(({ outputs }) => [outputs![0]!.data!["text/plain"]].flat().join(""))
    assert.isFalse(texts.some((text) => text.includes("has not been edited") || text.includes("has not run")), again)
  })

  it("tells nothing of the machine it ran on", () => {
    assert.notMatch(text, /\/(?:home|root|tmp|work|Users)\/|\d{4}-\d\d-\d\dT\d\d:/u)
  })

  it("has cells of right types", async () => {
    assert.deepStrictEqual(await checkCells(join(folder, `${name}.ipynb`)), [])
  })
})

describe("checkCells", () => {
  it("says in which cell and line an error is", async () => {
    const file = join(folder, `.check-test-${process.pid}.ipynb`)
    const source = [
      "// %%",
      "import { open } from \"./library/open.ts\"",
      "const cache = await open()",
      "// %% [markdown]",
      "// prose",
      "// %%",
      "const rows = await cache.sql<{ n: number }>`select 1 as n`",
      "const unused = 1",
      "const text: string = rows[0]!.n"
    ].join("\n")
    writeFileSync(file, JSON.stringify(toNotebook(parseCells(source))))
    try {
      const errors = await checkCells(file)
      assert.deepStrictEqual(errors.map(({ cell, line }) => [cell, line]), [[3, 3]])
      assert.match(errors[0]!.message, /^TS2322: Type 'number' is not assignable to type 'string'/u)
    } finally {
      rmSync(file)
    }
  })
})

describe("cells", () => {
  const source =
    "/** head */\n// %% [markdown]\n// # Title\n//\n// text\n\n// %%\nconst a = 1\n// a comment\nawait a\n\n"

  it("are parsed from a source, prose without its slashes", () => {
    assert.deepStrictEqual(parseCells(source), [
      { type: "markdown", text: "# Title\n\ntext" },
      { type: "code", text: "const a = 1\n// a comment\nawait a" }
    ])
  })

  it("survive the way through a notebook, whose texts are lists of lines", () => {
    const cells = parseCells(source)
    const notebook = toNotebook(cells)
    assert.deepStrictEqual(notebook.cells[1], {
      cell_type: "code",
      execution_count: null,
      id: "cell-2",
      metadata: {},
      outputs: [],
      source: ["const a = 1\n", "// a comment\n", "await a"]
    })
    assert.deepStrictEqual(cellsOf(notebook as Parameters<typeof cellsOf>[0]), cells)
  })
})

describe("pipeline notebook", () => {
  const notebook = (...args: ReadonlyArray<string>) => start(["notebook", ...args], { cwd: outside.path }).finished
  const outside = temporaryFolder()
  afterAll(() => outside.remove())

  it("builds a notebook from a source, and only from one with cells", async () => {
    writeFileSync(join(outside.path, "package.json"), "{}")
    writeFileSync(join(outside.path, "a.ts"), "/** head */\n// %%\nconst a = 1\n")
    writeFileSync(join(outside.path, "b.ts"), "const b = 1\n")
    const [made, refused] = await Promise.all([notebook("build", "a.ts"), notebook("build", "b.ts")])
    assert.deepStrictEqual([made!.exitCode, made!.stdout], [0, "a.ipynb\n"])
    const { cells } = JSON.parse(readFileSync(join(outside.path, "a.ipynb"), "utf8"))
    assert.deepStrictEqual(cells[0].source, ["const a = 1"])
    assert.deepStrictEqual([refused!.exitCode, refused!.stderr], [
      2,
      "error: b.ts has no cells\n  cells begin with // %%\n"
    ])
  })

  it("says in which cell and line an error is, as text and as JSON", async () => {
    const file = join(folder, `.cli-test-${process.pid}.ipynb`)
    writeFileSync(
      file,
      JSON.stringify(toNotebook(parseCells("// %%\nconst a = 1\n// %%\nawait a\nconst b: string = a\n")))
    )
    try {
      const [text, json] = await Promise.all([
        pipeline("notebook", "check", file),
        pipeline("notebook", "check", "--json", file)
      ])
      assert.deepStrictEqual([text!.exitCode, json!.exitCode], [1, 1])
      assert.match(text!.stdout, /\.ipynb: cell 2, line 2: TS2322: .*\n$/u)
      assert.deepInclude(JSON.parse(json!.stdout)[0], { cell: 2, line: 2 })
    } finally {
      rmSync(file)
    }
  })

  it("refuses what is not there, with code 2", async () => {
    writeFileSync(join(outside.path, "c.ipynb"), "{}")
    const [none, missing, noCompiler, noDeno, noPython] = await Promise.all([
      notebook("run"),
      notebook("check", "d.ipynb"),
      notebook("check", "c.ipynb"),
      notebook("install"),
      pipeline("notebook", "run", join(outside.path, "c.ipynb"), "--python", join(outside.path, "no-python"))
    ])
    for (const { exitCode } of [none!, missing!, noCompiler!, noDeno!, noPython!]) assert.strictEqual(exitCode, 2)
    assert.include(none!.stderr, "error: no .ipynb files in notebooks\n")
    assert.include(missing!.stderr, "error: there is no file d.ipynb\n")
    assert.include(noCompiler!.stderr, "npm install --save-dev typescript")
    assert.include(noDeno!.stderr, "npm install --save-dev deno")
    assert.include(noPython!.stderr, "name that Python with --python")
  })
})

describe("a project within another", () => {
  const around = temporaryFolder()
  const inner = join(around.path, "inner")
  const notebook = (...args: ReadonlyArray<string>) => start(["notebook", ...args], { cwd: inner }).finished
  afterAll(() => around.remove())

  it("is checked and run with what the other has installed", async () => {
    symlinkSync(join(projectRoot, "node_modules"), join(around.path, "node_modules"))
    mkdirSync(join(inner, "notebooks"), { recursive: true })
    writeFileSync(join(inner, "package.json"), "{\"type\":\"module\"}")
    const options = { target: "esnext", module: "nodenext", types: ["node"] }
    writeFileSync(join(inner, "tsconfig.json"), JSON.stringify({ compilerOptions: options }))
    const cells = "// %%\nconst platform: string = process.platform\nconst wrong: number = platform\n"
    writeFileSync(join(inner, "notebooks", "a.ipynb"), JSON.stringify(toNotebook(parseCells(cells))))
    const [checked, installed] = await Promise.all([notebook("check"), notebook("install")])
    assert.match(checked!.stdout, /^notebooks\/a\.ipynb: cell 1, line 2: TS2322: [^\n]*\n$/u, checked!.stderr)
    assert.deepStrictEqual([installed!.exitCode, installed!.stdout], [0, "JUPYTER_PATH=.jupyter\n"], installed!.stderr)
    const spec = JSON.parse(readFileSync(join(inner, ".jupyter", "kernels", "deno", "kernel.json"), "utf8"))
    assert.strictEqual(realpathSync(spec.argv[0]), realpathSync(join(projectRoot, "node_modules", ".bin", "deno")))
  })
})

describe("the kernel", () => {
  it("is written into the project, with the project's Deno", () => {
    const project = mkdtempSync(join(tmpdir(), "sinternal-kernel-"))
    try {
      const spec = JSON.parse(
        readFileSync(join(writeKernelspec(project, "/there/deno"), "kernels", "deno", "kernel.json"), "utf8")
      )
      assert.deepStrictEqual(spec, {
        argv: [
          "/there/deno",
          "jupyter",
          "--quiet",
          "--kernel",
          "--conn",
          "{connection_file}"
        ],
        display_name: "Deno",
        language: "typescript"
      })
    } finally {
      rmSync(project, { recursive: true })
    }
  })
})
