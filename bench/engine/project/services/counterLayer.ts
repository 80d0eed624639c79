/**
 * The counter: appends to the file that the environment names. One write for each byte, so that a kill loses none and
 * processes may share the file.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { closeSync, openSync, writeSync } from "node:fs"
import { Counter } from "./Counter.ts"

const x = Buffer.from("x")
const r = Buffer.from("r")

/** **Throws** where `BENCH_COUNTER` names no file: a bench that counts nothing would pass everything. */
const counterFile = (): string => {
  const file = process.env["BENCH_COUNTER"]
  if (file === undefined) throw new Error("BENCH_COUNTER is not set; this experiment runs in bench/engine only")
  return file
}

export const counterLayer: Layer.Layer<Counter> = Layer.effect(
  Counter,
  Effect.gen(function*() {
    const fd = yield* Effect.acquireRelease(
      Effect.sync(() => openSync(counterFile(), "a")),
      (open) => Effect.sync(() => closeSync(open))
    )
    return {
      fingerprint: "counter 1",
      executed: () => void writeSync(fd, x),
      read: () => void writeSync(fd, r)
    }
  })
)
