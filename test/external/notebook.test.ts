/**
 * The notebook in a real Jupyter: packages at their pinned hashes, Deno's kernel, and the cache of a real quickstart.
 * Needs a Python 3.10 or newer and a package registry; fails with the installer's words where there is none.
 */
import { execFile } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parseCells, toNotebook } from "../../notebooks/library/cells.ts"
import { writeKernelspec } from "../../notebooks/library/kernelspec.ts"
import { pipeline, projectRoot, temporaryFolder } from "../support/pipeline.ts"

interface Output {
  readonly output_type: string
  readonly data?: { readonly [mime: string]: string | ReadonlyArray<string> }
}

interface Cell {
  readonly cell_type: string
  readonly outputs?: ReadonlyArray<Output>
}

const temporary = temporaryFolder()
const cache = join(temporary.path, "cache")
const python = join(temporary.path, "venv", "bin", "python")
const requirements = join(projectRoot, "requirements", "jupyter.txt")

/** Runs a program; rejects with what it said. */
const run = (program: string, ...args: ReadonlyArray<string>): Promise<void> =>
  new Promise((done, fail) => {
    const env = { ...process.env, PIPELINE_CACHE: cache }
    execFile(program, args, { cwd: projectRoot, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) done()
      else {fail(
          new Error(`${[program, ...args].join(" ")}: ${error.code}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`)
        )}
    })
  })

const hasUv = (): Promise<boolean> => run("uv", "--version").then(() => true, () => false)

const install = async (): Promise<void> => {
  if (await hasUv()) {
    await run("uv", "venv", join(temporary.path, "venv"))
    await run("uv", "pip", "install", "--python", python, "--require-hashes", "-r", requirements)
  } else {
    await run("python3", "-m", "venv", join(temporary.path, "venv"))
    await run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements)
  }
}

/** The outputs of each code cell after a run. */
const execute = async (notebook: string): Promise<ReadonlyArray<ReadonlyArray<Output>>> => {
  const target = join(temporary.path, "executed.ipynb")
  await run(python, join(projectRoot, "notebooks", "run.py"), notebook, target)
  const { cells } = JSON.parse(readFileSync(target, "utf8")) as { readonly cells: ReadonlyArray<Cell> }
  return cells.filter((cell) => cell.cell_type === "code").map((cell) => cell.outputs!)
}

const textOf = ([output]: ReadonlyArray<Output>): string => [output!.data!["text/plain"]!].flat().join("")

beforeAll(async () => {
  writeKernelspec(projectRoot)
  await install().catch((error: Error) => {
    throw new Error(
      `Jupyter cannot be installed here; this suite needs Python and a package registry.\n${error.message}`
    )
  })
  const quickstart = await pipeline("run", "experiments/quickstart.ts", "--cache", cache)
  assert.strictEqual(quickstart.exitCode, 0, quickstart.stderr)
})

afterAll(() => temporary.remove())

describe("notebooks in Jupyter", () => {
  it("shows what the quickstart left, without an edit and without the sweep", async () => {
    const outputs = await execute(join(projectRoot, "notebooks", "quickstart.ipynb"))
    for (const [i, cell] of outputs.entries()) {
      assert.deepStrictEqual(cell.map((output) => output.output_type), ["display_data"], `code cell ${i + 1}`)
    }
    const texts = outputs.map(textOf)
    assert.match(texts[0]!, /^critique +table +4800$/mu)
    assert.include([outputs[1]![0]!.data!["text/html"]!].flat().join(""), "hidden</td>")
    assert.match(texts[1]!, /\n12 rows\n/u)
    assert.match(texts[4]!, /^wrappers +base +\d/mu)
    assert.isTrue(texts.some((text) => text.startsWith("The specification has not been edited")))
    assert.isTrue(texts.some((text) => text.startsWith("That experiment has not run in this cache yet")))
  })

  it("loses no output of twenty cells", async () => {
    const notebook = join(projectRoot, "notebooks", `.twenty-${process.pid}.ipynb`)
    const cells = Array.from({ length: 20 }, (_, i) => `// %%\nawait show("output ${i}")`)
    const source = ["// %%", "import { show } from \"./library/show.ts\"", ...cells].join("\n")
    writeFileSync(notebook, JSON.stringify(toNotebook(parseCells(source))))
    try {
      const [, ...outputs] = await execute(notebook)
      assert.deepStrictEqual(outputs.map(textOf), cells.map((_, i) => `output ${i}`))
    } finally {
      rmSync(notebook)
    }
  })
})
