/** `pipeline plot` as a user runs it: files, the points as text and as JSON, and how it refuses. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { makeCache } from "../../notebooks/support/madeCache.ts"
import { start, temporaryFolder } from "../../support/pipeline.ts"

let made: Awaited<ReturnType<typeof makeCache>>
const folder = temporaryFolder()
beforeAll(async () => {
  const loss = (...cells: ReadonlyArray<number>) => ({ types: { loss: "float64" as const }, cells: { loss: cells } })
  made = await makeCache([{
    run: "run-1",
    experiment: "experiments/a",
    startedAt: "2026-01-01T00:00:01.000Z",
    ok: true,
    tables: { "train[lr=0.5,seed=1]": loss(1), "train[lr=0.5,seed=2]": loss(3), "train[lr=0.001,seed=1]": loss(7) }
  }])
})
afterAll(() => {
  made.remove()
  folder.remove()
})

const plot = (...args: ReadonlyArray<string>) =>
  start(["plot", "--cache", made.folder, ...args], { cwd: folder.path }).finished

describe("pipeline plot", () => {
  it("writes both pictures and prints the points", async () => {
    const { exitCode, stderr, stdout } = await plot("loss", "--x", "lr")
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.strictEqual(
      stdout,
      [
        "train",
        "   lr  loss    from     to  n  seeds",
        "0.001     7    null   null  1      1",
        "  0.5     2  -10.71  14.71  2      2",
        "2 rows",
        "loss-by-lr.svg",
        "loss-by-lr.png",
        ""
      ].join("\n")
    )
    assert.deepStrictEqual(readdirSync(folder.path).sort(), ["loss-by-lr.png", "loss-by-lr.svg"])
    assert.match(readFileSync(join(folder.path, "loss-by-lr.svg"), "utf8"), /^<svg [^]*>0\.001<\/text>/u)
    assert.strictEqual(readFileSync(join(folder.path, "loss-by-lr.png")).toString("latin1", 1, 4), "PNG")
  })

  it("gives the points as JSON, to files of another name", async () => {
    const { stdout } = await plot("train.loss", "--x", "lr", "--by", "seed", "--out", "curve.png", "--json")
    const said = JSON.parse(stdout)
    assert.deepStrictEqual(said.files, ["curve.svg", "curve.png"])
    assert.deepStrictEqual(said.lines.map(({ line }: { readonly line: string }) => line), ["1", "2"])
    assert.deepStrictEqual(said.lines[1].points, [{ x: 0.5, value: 3, interval: null, n: 1, seeds: [] }])
  })

  it("says what can be plotted, and refuses with code 2", async () => {
    const [list, none, nowhere] = await Promise.all([
      plot(),
      plot("loss"),
      plot("loss", "--x", "lr", "--out", "no/such/folder")
    ])
    assert.deepStrictEqual([list!.exitCode, list!.stdout], [0, "train\n  loss\n  --x lr, seed\n"])
    assert.deepStrictEqual([none!.exitCode, nowhere!.exitCode], [2, 2])
    assert.include(none!.stderr, "error: loss along what? --x is missing\n")
    assert.include(nowhere!.stderr, "error: no/such/folder.svg could not be written")
  })
})
