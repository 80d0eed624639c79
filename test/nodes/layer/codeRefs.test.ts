import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { realpathSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { filePrompts } from "../../../nodes/layer/filePrompts.ts"
import { httpExpert } from "../../../nodes/layer/httpExpert.ts"
import { httpGuard } from "../../../nodes/layer/httpGuard.ts"
import { httpSampler } from "../../../nodes/layer/httpSampler.ts"
import { labelExpert } from "../../../nodes/layer/labelExpert.ts"
import { packagePrompts } from "../../../nodes/layer/packagePrompts.ts"
import { refusalGuard } from "../../../nodes/layer/refusalGuard.ts"
import { Expert } from "../../../nodes/service/Expert.ts"
import * as Guard from "../../../nodes/service/Guard.ts"
import { PromptSource } from "../../../nodes/service/PromptSource.ts"
import { Sampler } from "../../../nodes/service/Sampler.ts"
import { open } from "../../../runtime/code/CodeDigests.ts"
import type { Used } from "../../../runtime/Used.ts"
import { temporaryFolder } from "../inputs/wheels.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const modules = [
  "packagePrompts",
  "filePrompts",
  "labelExpert",
  "refusalGuard",
  "httpExpert",
  "httpGuard",
  "httpSampler"
]

/** A program of its own that reaches all layers: what a test file does at its top level would count for every digest. */
const makeEntry = Effect.map(temporaryFolder, (made) => {
  const folder = realpathSync(made)
  const entry = join(folder, "entry.ts")
  const lines = modules.map((name) => `export * from "${relative(folder, join(root, `nodes/layer/${name}.ts`))}"\n`)
  writeFileSync(entry, lines.join(""))
  return entry
})
const server = { baseUrl: "http://127.0.0.1:9/v1", model: "m" }

/** Every layer's service; none is called. */
const services = Effect.gen(function*() {
  const file = join(yield* temporaryFolder, "a.csv")
  writeFileSync(file, "q\nx\n")
  const guard = Guard.named("codeRefs")
  const all: ReadonlyArray<readonly [string, Effect.Effect<Used, unknown>]> = [
    ["packagePrompts", Effect.provide(PromptSource, packagePrompts())],
    [
      "filePrompts",
      Effect.provide(
        PromptSource,
        filePrompts({ prompts: { a: { file, columns: { prompt: "q", label: { always: "benign" } } } } })
      )
    ],
    ["labelExpert", Effect.provide(Expert, labelExpert)],
    ["refusalGuard", Effect.provide(guard, refusalGuard("codeRefs"))],
    ["httpExpert", Effect.provide(Expert, httpExpert(server))],
    ["httpGuard", Effect.provide(guard, httpGuard("codeRefs", { ...server, grammar: "qwen3guard" }))],
    ["httpSampler", Effect.provide(Sampler, httpSampler(server))]
  ]
  return yield* Effect.forEach(
    all,
    ([name, service]) => Effect.map(service, ({ code }) => ({ name, code: code ?? [] }))
  )
})

describe("the code that the layers name", () => {
  it.live("is there, may be in a key, and holds no transport", () =>
    Effect.gen(function*() {
      const digests = yield* open({
        root,
        entry: yield* makeEntry,
        opaque: (file) => /\/(?:runtime|cache)\//.test(file) ? "engine" : undefined
      })
      for (const { code, name } of yield* services) {
        assert.isAbove(code.length, 0, name)
        for (const ref of code) {
          const { outside, parts, refused } = digests.ofExport(ref.file, ref.name)
          assert.deepStrictEqual(refused, [], `${name} ${ref.name}`)
          assert.isFalse(
            parts.some(({ at }) => /OpenAiClient|sendJson|fetchWheel|downloadWheel/.test(at)),
            `${name} ${ref.name}`
          )
          assert.isFalse(outside.some((one) => /http|child_process/.test(one)), `${name} ${ref.name}`)
        }
      }
    }))
})
