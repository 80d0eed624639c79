/**
 * The notebooks in a real Jupyter: packages at their pinned hashes, Deno's kernel, and the cache of a real quickstart.
 * Needs a Python 3.10 or newer and a package registry; fails with the installer's words where there is none.
 */
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { dataOf, installJupyter, type Jupyter, type Output, withNotebook } from "../support/jupyter.ts"
import { pipeline, projectRoot, temporaryFolder } from "../support/pipeline.ts"

const temporary = temporaryFolder()
const cache = join(temporary.path, "cache")
let jupyter: Jupyter

/** The outputs of each code cell after a run against a cache. */
const execute = async (notebook: string, from = cache): Promise<ReadonlyArray<ReadonlyArray<Output>>> =>
  (await jupyter.execute(notebook, from, join(temporary.path, "executed.ipynb")))
    .filter((cell) => cell.cell_type === "code").map((cell) => cell.outputs!)

const shipped = (name: string) => execute(join(projectRoot, "notebooks", `${name}.ipynb`))

const textOf = ([output]: ReadonlyArray<Output>): string => dataOf(output!, "text/plain")

/** Every cell has one output, and none is an error. */
const assertWhole = (outputs: ReadonlyArray<ReadonlyArray<Output>>) => {
  for (const [i, cell] of outputs.entries()) {
    assert.deepStrictEqual(cell.map((output) => output.output_type), ["display_data"], `code cell ${i + 1}`)
  }
}

beforeAll(async () => {
  jupyter = await installJupyter(join(temporary.path, "venv"))
  const quickstart = await pipeline("run", "experiments/quickstart.ts", "--cache", cache)
  assert.strictEqual(quickstart.exitCode, 0, quickstart.stderr)
})

afterAll(() => temporary.remove())

describe("notebooks in Jupyter", () => {
  it("show what the quickstart left", async () => {
    const outputs = await shipped("quickstart")
    assertWhole(outputs)
    const texts = outputs.map(textOf)
    assert.match(texts[0]!, /^critique +table +4800$/mu)
    assert.include(dataOf(outputs[1]![0]!, "text/html"), "hidden</td>")
    assert.match(texts[1]!, /\n12 rows\n/u)
    assert.match(texts[2]!, /^Critique\n[^]*^ {2}cites C\d [^]*^Verdict: unsafe$/mu)
    assert.match(texts[5]!, /^wrappers +base +\d/mu)
    assert.deepStrictEqual(texts.slice(6), [
      "[figure: Loss of fine-tuning on verification]",
      "[figure: Reward of reinforcement learning]"
    ])
  })

  it("say what is missing without an edit and without the sweep", async () => {
    const [edit, sweep] = [await shipped("clauseEdit"), await shipped("expertFraction")]
    assertWhole(edit)
    assertWhole(sweep)
    assert.isTrue(
      edit.map(textOf).slice(0, 4).every((text) => text.startsWith("The specification has not been edited"))
    )
    assert.isTrue(sweep.map(textOf).every((text) => text.startsWith("That experiment has not run in this cache yet")))
  })

  // By hand: 20 of 20 runs lost none.
  it("lose no output of twenty cells, three times", async () => {
    const cells = Array.from({ length: 20 }, (_, i) => `// %%\nawait show("output ${i}")`)
    await withNotebook(["// %%", "import { show } from \"./library/show.ts\"", ...cells], async (file) => {
      for (let time = 0; time < 3; time++) {
        const [, ...outputs] = await execute(file)
        assert.deepStrictEqual(outputs.map(textOf), cells.map((_, i) => `output ${i}`))
      }
    })
  })

  it("run an experiment from a cell, and say in which cell one fails", async () => {
    const own = join(temporary.path, "own")
    const run = ["// %%", "import { run } from \"./library/run.ts\""]
    const [ran] = await withNotebook(
      [
        ...run,
        "await run(\"test/notebooks/fixtures/lines.ts\", { set: { count: 4 }, cache: " + JSON.stringify(own) + " })"
      ],
      (file) => execute(file)
    )
    // a last expression is an output too, beside the one that changed while the run went on
    assert.match(textOf(ran!), /3 nodes ran, 0 fresh/u)
    const failed = await withNotebook(
      ["// %%", "const one = 1", "// %%", "throw new RangeError(`${one} is too few`)"],
      (file) =>
        pipeline("notebook", "run", file, "--out", join(temporary.path, "failed.ipynb"), "--python", jupyter.python)
    )
    assert.strictEqual(failed.exitCode, 1)
    assert.match(failed.stderr, /\.ipynb: cell 2: RangeError: 1 is too few/u)
  })
})
