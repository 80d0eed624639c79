/**
 * Answers with the row's checksum, after failures that a coin decides from the row and the number of the attempt: 10 %
 * of the calls fail with 503, 1 % with 429, and never more than two calls of one row. Failures are counted in a file of
 * their own, which is read again by the next process, so that a row that failed in one run may succeed in the next.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { crc32 } from "../text/crc32.ts"
import { AnswerFailed, Answers } from "./Answers.ts"
import { Counter } from "./Counter.ts"

const failuresFile = (): string => {
  const file = process.env["BENCH_FAILURES"]
  if (file === undefined) throw new Error("BENCH_FAILURES is not set; this experiment runs in bench/engine only")
  return file
}

/** Failed attempts by row, of all processes before this one. */
const earlierFailures = (file: string): Map<string, number> => {
  const failures = new Map<string, number>()
  if (!existsSync(file)) return failures
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const id = line.split(" ")[0]!
    if (id !== "") failures.set(id, (failures.get(id) ?? 0) + 1)
  }
  return failures
}

/** The status that this attempt fails with, if it fails. */
const coin = (id: string, attempt: number): 429 | 503 | undefined => {
  if (attempt >= 2) return undefined
  const side = Number.parseInt(crc32(`${id} ${attempt} coin`, 0), 16) / 2 ** 32
  return side < 0.10 ? 503 : side < 0.11 ? 429 : undefined
}

export const answersLayer: Layer.Layer<Answers, never, Counter> = Layer.effect(
  Answers,
  Effect.gen(function*() {
    const counter = yield* Counter
    const file = failuresFile()
    const failures = earlierFailures(file)
    return {
      fingerprint: "answers 1",
      answer: (id, text) =>
        Effect.suspend(() => {
          const attempt = failures.get(id) ?? 0
          const status = coin(id, attempt)
          if (status === undefined) {
            counter.executed()
            return Effect.succeed(crc32(text, 0))
          }
          failures.set(id, attempt + 1)
          appendFileSync(file, `${id} ${status}\n`)
          return Effect.fail(new AnswerFailed({ status }))
        })
    }
  })
)
