/** How a command may name a run. */
import { assert, describe, it } from "vitest"
import type { RunRecord } from "../../../cache/Manifest.ts"
import { runNamed, runsOf } from "../../../runtime/history/runNamed.ts"

const record = (run: string, experiment: string): RunRecord => ({ run, experiment, startedAt: run, nodes: [] })
const runs = [
  record("2026-11-21T15-00-00-a1b2", "experiments/quickstart"),
  record("2026-11-21T14-30-00-c3d4", "experiments/smol"),
  record("2026-11-21T14-00-00-e5f6", "experiments/quickstart")
]

describe("runNamed", () => {
  it("takes a whole name, its beginning or its end", () => {
    for (const name of ["2026-11-21T14-30-00-c3d4", "2026-11-21T14-30", "c3d4"]) {
      assert.strictEqual(runNamed(runs, name), runs[1])
    }
  })

  it("counts back within the experiment of the latest run", () => {
    assert.strictEqual(runNamed(runs, "latest"), runs[0])
    assert.strictEqual(runNamed(runs, "latest~1"), runs[2])
    assert.strictEqual(runNamed(runsOf(runs, "./experiments/smol.ts"), "latest"), runs[1])
  })

  it("says which runs there are where none or several fit", () => {
    assert.throws(() => runNamed(runs, "2026-11-21T14"), /2 runs fit\n.*c3d4, 2026-11-21T14-00-00-e5f6/)
    assert.throws(() => runNamed(runs, "2026-11-21T15-00-00-a1b3"), /did you mean 2026-11-21T15-00-00-a1b2\?/)
    assert.throws(() => runNamed(runs, "latest~2"), /has 2 runs\n.*latest~1/)
    assert.throws(() => runNamed(runs, ""), /no run in this cache has this name/)
    assert.throws(() => runNamed([], "latest"), /no runs in this cache\n.*pipeline run/)
  })
})
