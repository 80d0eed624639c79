/** The notebook that ships: in step with its source, executed, of right types; and how notebooks are made and checked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { cellsOf, parseCells, toNotebook } from "../../notebooks/library/cells.ts"
import { checkCells } from "../../notebooks/library/checkCells.ts"
import { writeKernelspec } from "../../notebooks/library/kernelspec.ts"
import { projectRoot } from "../support/pipeline.ts"

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
const text = readFileSync(join(folder, "quickstart.ipynb"), "utf8")
const shipped = JSON.parse(text) as { readonly cells: ReadonlyArray<ShippedCell>; readonly nbformat: number }

describe("quickstart.ipynb", () => {
  it("is what its source gives, but for the outputs", () => {
    const built = toNotebook(parseCells(readFileSync(join(folder, "quickstart.ts"), "utf8")))
    const bare = ({ cell_type, id, source }: ShippedCell) => ({ cell_type, id, source })
    assert.deepStrictEqual(
      shipped.cells.map(bare),
      (built.cells as ReadonlyArray<ShippedCell>).map(bare),
      "run node notebooks/build.ts notebooks/quickstart.ts, then notebooks/run.py (see notebooks/README.md)"
    )
  })

  it("ships executed: every code cell shows something, in order, and none failed", () => {
    const code = shipped.cells.filter((cell) => cell.cell_type === "code")
    assert.deepStrictEqual(code.map((cell) => cell.execution_count), code.map((_, i) => i + 1))
    for (const { id, outputs } of code) {
      assert.deepStrictEqual(outputs!.map((output) => output.output_type), ["display_data"], id)
      assert.isNotEmpty(outputs![0]!.data!["text/plain"], id)
    }
    assert.isTrue(code.some(({ outputs }) => outputs![0]!.data!["image/png"] !== undefined), "the plot is there")
  })

  it("tells nothing of the machine it ran on", () => {
    assert.notMatch(text, /\/(?:home|root|tmp|work|Users)\/|\d{4}-\d\d-\d\dT\d\d:/u)
  })

  it("has cells of right types", async () => {
    assert.deepStrictEqual(await checkCells(join(folder, "quickstart.ipynb")), [])
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

describe("the kernel", () => {
  it("is written into the project, with the project's Deno", () => {
    const project = mkdtempSync(join(tmpdir(), "sinternal-kernel-"))
    try {
      const spec = JSON.parse(readFileSync(join(writeKernelspec(project), "kernels", "deno", "kernel.json"), "utf8"))
      assert.deepStrictEqual(spec, {
        argv: [join(project, "node_modules", ".bin", "deno"), "jupyter", "--kernel", "--conn", "{connection_file}"],
        display_name: "Deno",
        language: "typescript"
      })
    } finally {
      rmSync(project, { recursive: true })
    }
  })
})
