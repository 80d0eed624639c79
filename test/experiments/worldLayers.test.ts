/**
 * The services of the synthetic world: what they say of themselves for cache keys, how they fail, and that the expert's
 * calls can be counted from outside.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Grammar from "../../experiments/world/grammar.ts"
import { ExpertCallLog, worldExpert, worldGuard, worldPrompts } from "../../experiments/world/layers.ts"
import { Expert } from "../../nodes/service/Expert.ts"
import * as Guard from "../../nodes/service/Guard.ts"
import { PromptSource } from "../../nodes/service/PromptSource.ts"
import type { Used } from "../../runtime/Used.ts"

const vault = { type: "vault", attribute: "colour" }
const clause = { clauseId: "C1", title: "storage", categories: ["storage"], text: "storage hidden" }
const request = {
  clauses: [clause],
  prompt: Grammar.request("plain", 0, vault, "amber"),
  answer: Grammar.statement(vault, "amber", "teal"),
  label: "harmful" as const
}
const vague = { ...request, clauses: [{ ...clause, text: "storage matters" }] }

const temporaryFile = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "world-expert-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
).pipe(Effect.map((folder) => join(folder, "calls.ndjson")))

const lines = (file: string) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line))

describe("worldExpert", () => {
  it.effect("critiques", () =>
    Effect.gen(function*() {
      const made = yield* (yield* Expert).critique(request)
      assert.strictEqual(made.verdict, "unsafe")
      assert.deepStrictEqual(made.cited, ["C1"])
    }).pipe(Effect.provide(worldExpert)))

  it.effect("fails with the clause it cannot read", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip((yield* Expert).critique(vague))
      assert.strictEqual(failure._tag, "ExpertFailed")
      assert.include(failure.message, `clause C1 says "storage matters"`)
      assert.include(failure.message, `for example "storage hidden"`)
    }).pipe(Effect.provide(worldExpert)))

  it.effect("logs one line per call, failed ones too, where the log is set around the layer or around the call", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* Effect.gen(function*() {
        const expert = yield* Expert
        yield* expert.critique(request)
        yield* Effect.flip(expert.critique(vague))
      }).pipe(Effect.provide(Layer.provide(worldExpert, Layer.succeed(ExpertCallLog, file))))
      const { answer, prompt } = request
      assert.deepStrictEqual(lines(file), [{ prompt, answer, clauses: ["C1"] }, { prompt, answer, clauses: ["C1"] }])
      const expert = yield* Effect.provide(Expert, worldExpert)
      yield* expert.critique(request)
      assert.strictEqual(lines(file).length, 2)
      yield* Effect.provideService(expert.critique(request), ExpertCallLog, file)
      assert.strictEqual(lines(file).length, 3)
    }))
})

describe("worldGuard", () => {
  it.effect("is the instance it is asked to be, and assesses", () =>
    Effect.gen(function*() {
      const guard = yield* Guard.named("reward")
      assert.deepStrictEqual(yield* guard.assess(request), { safe: false, outcome: "answer", categories: ["storage"] })
      const failure = yield* Effect.flip(guard.assess(vague))
      assert.strictEqual(failure._tag, "GuardFailed")
      assert.include(failure.message, `clause C1 says "storage matters"`)
    }).pipe(Effect.provide(worldGuard("reward"))))
})

describe("worldPrompts", () => {
  it.effect("loads sets and items, and fails with the sets there are", () =>
    Effect.gen(function*() {
      const prompts = yield* PromptSource
      assert.strictEqual((yield* prompts.load({ set: "both", limit: 7, seed: 1 })).length, 7)
      assert.strictEqual((yield* prompts.verificationItems({ set: "verification", limit: 8, seed: 1 })).length, 8)
      const failure = yield* Effect.flip(prompts.load({ set: "nonsense", limit: 1, seed: 1 }))
      assert.include(failure.message, "the sets are train,")
    }).pipe(Effect.provide(worldPrompts)))
})

describe("what the services say of themselves", () => {
  const services: Effect.Effect<ReadonlyArray<Used>> = Effect.gen(function*() {
    return [yield* Expert, yield* Guard.named("routing"), yield* PromptSource]
  }).pipe(Effect.provide(Layer.mergeAll(worldExpert, worldGuard("routing"), worldPrompts)))

  it.effect("distinct fingerprints, no cost, and code that exists where they say it is", () =>
    Effect.gen(function*() {
      const used = yield* services
      assert.strictEqual(new Set(used.map((service) => service.fingerprint)).size, used.length)
      for (const service of used) {
        assert.notStrictEqual(service.expensive, true)
        assert.isAtLeast(service.code!.length, 1)
        for (const { file, name } of service.code!) {
          const module = yield* Effect.promise(() => import(file))
          assert.strictEqual(typeof module[name], "function", `${name} in ${file}`)
        }
      }
    }))
})
