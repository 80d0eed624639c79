// dprint-ignore-file: an expected error must stand on the line after its mark
/**
 * What `tsc` must refuse: every `@ts-expect-error` below is an edge, a parameter or a service that does not fit. Nothing
 * here runs; `npm run check` type-checks it, and an error that no longer occurs fails the check.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Config from "../../runtime/Config.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import * as Node from "../../runtime/Node.ts"
import * as Pipeline from "../../runtime/Pipeline.ts"
import * as Source from "../../runtime/Source.ts"
import * as Type from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"

const Prompt = Type.table("prompt", { id: Schema.String, text: Schema.String }, { id: ["id"] })
const Answer = Type.table("answer", { id: Schema.String, answer: Schema.String, score: Schema.Finite }, { id: ["id"] })
const Weights = Type.artifact("weights")

class Judge extends Context.Service<Judge, Used & { readonly grade: (text: string) => Effect.Effect<number> }>()("test/Judge") {}
class Untracked extends Context.Service<Untracked, { readonly tick: number }>()("test/Untracked") {}

const prompts = Node.make({ name: "prompts", inputs: {}, output: Prompt, run: () => [{ id: "a", text: "b" }] })
const answer = Node.mapRows({
  name: "answer",
  input: Prompt,
  side: { weights: Weights },
  carry: ["id"],
  params: { temperature: Schema.Finite },
  output: Answer,
  uses: [Judge],
  seeded: true,
  given: (_, { weights }) => weights,
  *run({ text }, { given, params, seed }) {
    const judge = yield* Judge
    return { answer: text + given.content + params.temperature + seed, score: yield* judge.grade(text) }
  }
})
const weights = Source.folder("weights", "weights")
const asked = prompts({})
const answered = answer({ rows: asked, weights }, { temperature: 1, seed: 0 })

// @ts-expect-error rows of another table
answer({ rows: answered, weights }, { temperature: 1, seed: 0 })
// @ts-expect-error a port is missing
answer({ rows: asked }, { temperature: 1, seed: 0 })
// @ts-expect-error another kind of artifact
answer({ rows: asked, weights: Source.folder("data", "dataset") }, { temperature: 1, seed: 0 })
// @ts-expect-error a misspelt parameter
answer({ rows: asked, weights }, { temprature: 1, seed: 0 })
// @ts-expect-error a seeded node wants a seed
answer({ rows: asked, weights }, { temperature: 1 })
// @ts-expect-error parameters are missing
answer({ rows: asked, weights })

// @ts-expect-error `run` sees no seed unless the node is seeded
Node.make({ name: "a", inputs: {}, output: Type.value("n", Schema.Finite), run: (_, { seed }) => seed })
// @ts-expect-error a carried column is not seen by `run`
Node.mapRows({ name: "a", input: Prompt, carry: ["id"], output: Prompt, run: ({ id }) => ({ text: id }) })
// @ts-expect-error side inputs reach `run` through `given` alone
Node.mapRows({ name: "a", input: Prompt, side: { weights: Weights }, output: Prompt, run: (row, { weights }) => ({ ...row, text: weights.path }) })
// @ts-expect-error no column `txt`
Node.mapRows({ name: "a", input: Prompt, output: Prompt, run: ({ txt }) => ({ id: txt, text: txt }) })
// @ts-expect-error the score is a number
Node.mapRows({ name: "a", input: Prompt, output: Answer, run: ({ id }) => ({ id, answer: "", score: "1" }) })
// @ts-expect-error Judge is not in `uses`
Node.make({ name: "a", inputs: {}, output: Type.value("n", Schema.Finite), *run() { return yield* (yield* Judge).grade("") } })
// @ts-expect-error a service without a fingerprint cannot be used
Node.make({ name: "a", inputs: {}, output: Type.value("n", Schema.Finite), uses: [Untracked], *run() { return (yield* Untracked).tick } })
// @ts-expect-error no column `reward` in the relation
Node.sql({ name: "a", inputs: { answers: Answer }, output: Answer, select: ({ answers }) => Node.query`select ${answers.reward}` })
// @ts-expect-error ids name columns
Type.table("bad", { id: Schema.String }, { id: ["key"] })
// @ts-expect-error a table node returns rows
Node.make({ name: "a", inputs: {}, output: Prompt, run: () => undefined })

const pipeline = Pipeline.make({
  name: "p",
  settings: { temperature: Config.ours(Schema.Finite, 1, "") },
  build: ({ temperature }) => ({ answered: answer({ rows: prompts({}), weights }, { temperature, seed: 0 }) })
})
Experiment.make({ pipeline, config: {}, layers: () => Layer.succeed(Judge, { fingerprint: "f", grade: () => Effect.succeed(1) }) })
// @ts-expect-error nobody plays the judge
Experiment.make({ pipeline, config: {}, layers: () => Layer.empty })
// @ts-expect-error no such setting
Experiment.make({ pipeline, config: { temprature: 1 }, layers: () => Layer.succeed(Judge, { fingerprint: "f", grade: () => Effect.succeed(1) }) })
// @ts-expect-error a setting of another type
Experiment.make({ pipeline, config: { temperature: "hot" }, layers: () => Layer.succeed(Judge, { fingerprint: "f", grade: () => Effect.succeed(1) }) })
