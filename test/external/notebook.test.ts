/**
 * The notebooks in a real Jupyter: packages at their pinned hashes, Deno's kernel, and the cache of a real quickstart.
 * Needs a Python 3.10 or newer and a package registry; fails with the installer's words where there is none.
 */
import { execFile } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parseCells, toNotebook } from "../../notebooks/library/cells.ts"
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

/** The outputs of each code cell after a run against a cache. */
const execute = async (notebook: string, from = cache): Promise<ReadonlyArray<ReadonlyArray<Output>>> => {
  const target = join(temporary.path, "executed.ipynb")
  const ended = await pipeline("notebook", "run", notebook, "--out", target, "--python", python, "--cache", from)
  assert.strictEqual(ended.exitCode, 0, ended.stderr)
  const { cells } = JSON.parse(readFileSync(target, "utf8")) as { readonly cells: ReadonlyArray<Cell> }
  return cells.filter((cell) => cell.cell_type === "code").map((cell) => cell.outputs!)
}

const shipped = (name: string) => execute(join(projectRoot, "notebooks", `${name}.ipynb`))

const textOf = ([output]: ReadonlyArray<Output>): string => [output!.data!["text/plain"]!].flat().join("")

/** Every cell has one output, and none is an error. */
const assertWhole = (outputs: ReadonlyArray<ReadonlyArray<Output>>) => {
  for (const [i, cell] of outputs.entries()) {
    assert.deepStrictEqual(cell.map((output) => output.output_type), ["display_data"], `code cell ${i + 1}`)
  }
}

/** A notebook of these sources, as long as the work. */
const withNotebook = async <A>(source: ReadonlyArray<string>, work: (file: string) => Promise<A>): Promise<A> => {
  const file = join(projectRoot, "notebooks", `.external-${process.pid}.ipynb`)
  writeFileSync(file, JSON.stringify(toNotebook(parseCells(source.join("\n")))))
  try {
    return await work(file)
  } finally {
    rmSync(file)
  }
}

beforeAll(async () => {
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
  it("show what the quickstart left", async () => {
    const outputs = await shipped("quickstart")
    assertWhole(outputs)
    const texts = outputs.map(textOf)
    assert.match(texts[0]!, /^critique +table +4800$/mu)
    assert.include([outputs[1]![0]!.data!["text/html"]!].flat().join(""), "hidden</td>")
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

  it("lose no output of twenty cells", async () => {
    const cells = Array.from({ length: 20 }, (_, i) => `// %%\nawait show("output ${i}")`)
    const [, ...outputs] = await withNotebook(
      ["// %%", "import { show } from \"./library/show.ts\"", ...cells],
      (file) => execute(file)
    )
    assert.deepStrictEqual(outputs.map(textOf), cells.map((_, i) => `output ${i}`))
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
      (file) => pipeline("notebook", "run", file, "--out", join(temporary.path, "failed.ipynb"), "--python", python)
    )
    assert.strictEqual(failed.exitCode, 1)
    assert.match(failed.stderr, /\.ipynb: cell 2: RangeError: 1 is too few/u)
  })
})
