import * as Schema from "effect/Schema"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as Node from "../../runtime/Node.ts"
import * as Type from "../../runtime/Type.ts"
import { harmBlobs } from "../faults/damageBlobs.ts"
import { laboratory } from "./support/world.ts"

const Number = Type.value("number", Schema.Struct({ value: Schema.Int }))

/** Two nodes in a row; the first gives another number each time. */
const setUp = () => {
  const lab = laboratory()
  let calls = 0
  const draw = Node.make({ name: "draw", inputs: {}, output: Number, run: () => ({ value: ++calls }) })
  const twice = Node.make({
    name: "twice",
    inputs: { number: Number },
    output: Number,
    run: ({ number }) => ({ value: 2 * number.value })
  })
  const end = twice({ number: draw({}) })
  const lose = () => harmBlobs(join(lab.root, "cache"), "loss")
  return { lab, targets: { end }, lose, calls: () => calls }
}

describe("a lost input", () => {
  it("that comes back with other content gives its reader another key, and both results are recorded", async () => {
    const { calls, lab, lose, targets } = setUp()
    assert.deepStrictEqual((await lab.run(targets)).value("end"), { value: 2 })
    lose()
    const again = await lab.run(targets)
    assert.deepStrictEqual(again.ran, ["draw", "twice"])
    assert.deepStrictEqual(again.value("end"), { value: 4 })
    assert.isTrue(again.events.some((event) => event.event === "Nondeterministic" && event.label === "draw"))
    const { fresh, ran } = again.summary.nodes
    assert.deepStrictEqual({ fresh, ran }, { fresh: 0, ran: 2 })
    assert.deepStrictEqual((await lab.run(targets)).ran, [])
    assert.strictEqual(calls(), 2)
  })

  it("is made once for all who read it", async () => {
    const { calls, lab, lose, targets } = setUp()
    const thrice = Node.make({
      name: "thrice",
      inputs: { number: Number },
      output: Number,
      run: ({ number }) => ({ value: 3 * number.value })
    })
    const both = { ...targets, other: thrice({ number: targets.end.inputs["number"]! }) }
    await lab.run(both)
    lose()
    const again = await lab.run(both)
    assert.strictEqual(calls(), 2)
    assert.strictEqual(again.ran.filter((label) => label === "draw").length, 1)
    assert.deepStrictEqual([again.value("end"), again.value("other")], [{ value: 4 }, { value: 6 }])
  })
})
