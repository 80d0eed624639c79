/**
 * What an edited clause costs, counted by the expert itself: with routed clauses the pairs that were shown the clause
 * before or are now, with the whole specification all of them. Real rollouts of the committed base, real rules.
 */
import * as Layer from "effect/Layer"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { world, worldLayers } from "../../experiments/quickstart.ts"
import { ExpertCallLog } from "../../experiments/world/layers.ts"
import { settings, verification } from "../../pipelines/sinternal.ts"
import * as Config from "../../runtime/Config.ts"
import { laboratory } from "../runtime/support/world.ts"
import { projectRoot } from "../support/pipeline.ts"

const specification = readFileSync(join(projectRoot, "specs/world.md"), "utf8")

interface Call {
  readonly prompt: string
  readonly answer: string
  readonly clauses: ReadonlyArray<string>
}

const setUp = (scope: "routed" | "full") => {
  const lab = laboratory()
  const log = join(lab.root, "calls.ndjson")
  const spec = join(lab.root, "world.md")
  const { config } = Config.resolve("test", settings, [
    world,
    {
      scope,
      spec,
      base: `file:${join(projectRoot, "experiments/world/base")}`,
      train: { prompts: { train: 90 } },
      rollouts: { ...world.rollouts, perPrompt: 4 }
    }
  ], [])
  const layer = worldLayers().pipe(Layer.provide(Layer.succeed(ExpertCallLog, log)))
  /** Runs up to the critiques with this specification; yields the expert's calls of this run. */
  const critiquesUnder = async (text: string) => {
    writeFileSync(spec, text)
    writeFileSync(log, "")
    const ran = await lab.run({ critiques: verification(config).critiques }, { layer })
    assert.isTrue(ran.summary.ok, ran.summary.failures[0]?.message)
    const calls: ReadonlyArray<Call> = readFileSync(log, "utf8").split("\n").filter((line) => line !== "").map((line) =>
      JSON.parse(line)
    )
    return { ran: ran.ran, calls, critiques: ran.table("critiques") }
  }
  return { critiquesUnder }
}

const pairOf = ({ answer, prompt }: { readonly prompt: string; readonly answer: string }) => `${prompt}\n${answer}`

describe("an edited clause", () => {
  it("redoes the pairs that were or are shown it, once each, and no rollout", async () => {
    const { critiquesUnder } = setUp("routed")
    const before = await critiquesUnder(specification)
    assert.include(before.ran, "rollout")
    assert.strictEqual(new Set(before.calls.map(pairOf)).size, before.calls.length, "equal pairs are judged once")

    const after = await critiquesUnder(specification.replace("art hidden", "art open"))
    assert.notInclude(after.ran, "rollout")
    const shown = before.calls.filter((call) => call.clauses.includes("C3"))
    assert.isAbove(shown.length, 0)
    assert.deepStrictEqual(after.calls.map(pairOf).sort(), shown.map(pairOf).sort())
    assert.isTrue(after.calls.every((call) => call.clauses.length === 1 && call.clauses[0] === "C3"))

    const again = await critiquesUnder(specification)
    assert.deepStrictEqual(again.calls, [], "the first specification's critiques are still there")
  })

  it("redoes every pair where the whole specification is shown", async () => {
    const { critiquesUnder } = setUp("full")
    const before = await critiquesUnder(specification)
    const after = await critiquesUnder(specification.replace("art hidden", "art open"))
    assert.strictEqual(after.calls.length, before.calls.length)
  })

  it("changes no critique of the other clauses", async () => {
    const { critiquesUnder } = setUp("routed")
    const before = await critiquesUnder(specification)
    const after = await critiquesUnder(specification.replace("art hidden", "art open"))
    const touched = before.critiques["shown"]!.map((shown: ReadonlyArray<string>) => shown.includes("C3"))
    for (const [index, edited] of touched.entries()) {
      if (!edited) assert.strictEqual(after.critiques["critique"]![index], before.critiques["critique"]![index])
      else assert.strictEqual(after.critiques["verdict"]![index], "safe")
    }
  })
})
