import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import { settings } from "../../pipelines/sinternal.ts"
import * as Config from "../../runtime/Config.ts"

const declared = {
  rollouts: {
    perPrompt: Config.note(Schema.Int.check(Schema.isGreaterThan(0)), 8, "N = 8"),
    temperature: Config.sister(Schema.Finite, 1, "sister code")
  },
  sets: Config.ours(Schema.Record(Schema.String, Schema.Int), { a: 1 }, "")
}
const resolve = (
  overrides: ReadonlyArray<Config.Overrides<typeof declared>>,
  ...sets: ReadonlyArray<readonly [string, string]>
) => Config.resolve("lab.ts", declared, overrides, sets)

describe("a config", () => {
  it("is what is declared, then what each override says, then --set", () => {
    const { config } = resolve([{ rollouts: { perPrompt: 4, temperature: 0.5 } }, { rollouts: { perPrompt: 2 } }], [
      "rollouts.temperature",
      "0.25"
    ])
    assert.deepStrictEqual(config, { rollouts: { perPrompt: 2, temperature: 0.25 }, sets: { a: 1 } })
  })

  it("replaces a record whole, instead of mixing two", () => {
    assert.deepStrictEqual(resolve([{ sets: { b: 2 } }]).config.sets, { b: 2 })
  })

  it("prints a value that differs from its source as ours, beside the labelled one", () => {
    const { printed } = resolve([{ rollouts: { perPrompt: 4 } }])
    assert.deepStrictEqual(printed.slice(0, 2), [
      { path: "rollouts.perPrompt", value: 4, label: "ours", source: "N = 8", declared: "note: 8" },
      { path: "rollouts.temperature", value: 1, label: "sister", source: "sister code" }
    ])
  })

  it("refuses an unknown path, another type and a value out of bounds, saying what is declared", () => {
    assert.throws(() => resolve([], ["rollouts.perPromt", "4"]), /there is no such setting[\s\S]*rollouts\.perPrompt/)
    assert.throws(
      () => resolve([], ["rollouts.perPrompt", "many"]),
      /`rollouts\.perPrompt` cannot be "many"[\s\S]*declared: 8/
    )
    assert.throws(() => resolve([], ["rollouts.perPrompt", "0"]), /cannot be 0[\s\S]*greater than 0/)
    assert.throws(() => resolve([{ rolouts: {} } as never]), /there is no setting `rolouts`/)
  })

  it("of the paper's pipeline says for every value where it comes from", () => {
    const { printed } = Config.resolve("lab.ts", settings, [], [])
    assert.isAbove(printed.length, 60)
    for (const { label, path, source } of printed) {
      assert.include(["paper", "note", "sister", "ours"], label)
      if (label !== "ours") assert.notStrictEqual(source, "", path)
    }
  })
})
