import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import { ours, type Resolved } from "../../runtime/Config.ts"
import { ExperimentInvalid } from "../../runtime/Error.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import * as Node from "../../runtime/Node.ts"
import * as Pipeline from "../../runtime/Pipeline.ts"
import * as Type from "../../runtime/Type.ts"

const settings = { steps: ours(Schema.Int, 1, "a number"), mix: { share: ours(Schema.Finite, 0.5, "another") } }

const sum = Node.make({
  name: "sum",
  params: { steps: Schema.Int, share: Schema.Finite },
  inputs: {},
  output: Type.value("sum", Schema.Finite),
  run: (_, { params }) => params.steps + params.share
})

const sweep = Experiment.sweep({
  pipeline: Pipeline.make({
    name: "sums",
    settings,
    build: ({ mix, steps }: Resolved<typeof settings>) => ({ sum: sum({}, { steps, share: mix.share }) })
  }),
  axes: { share: [0.25, 0.75] },
  config: ({ share }) => ({ mix: { share } }),
  layers: () => Layer.empty
})

const open = (...sets: ReadonlyArray<readonly [string, string]>) =>
  sweep.open({ name: "sums.ts", sets, rehearse: false })

describe("a setting of a sweep", () => {
  it("holds for every arm", () => {
    assert.deepStrictEqual(
      open(["steps", "3"]).arms.map(({ targets }) => targets["sum"]!.params),
      [{ steps: 3, share: 0.25 }, { steps: 3, share: 0.75 }]
    )
  })

  it("may not be what the sweep varies", () => {
    assert.throws(
      () => open(["mix.share", "0.5"]),
      ExperimentInvalid,
      /--set mix\.share: the sweep varies it \(0\.25, 0\.75\)/
    )
  })
})
