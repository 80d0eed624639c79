/**
 * Ctrl-C and SIGTERM. The first asks: a run that has offered itself stops gracefully, anything else is interrupted. The
 * second ends the process at once; what is durable is kept either way. What stopping means is the engine's.
 */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Stop } from "../Event.ts"

/** What the process ends with, as shells have it: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof exitCodes

const words: { readonly [S in Signal]: string } = { SIGINT: "interrupted", SIGTERM: "told to end (SIGTERM)" }

let received: Signal | undefined
let ask: ((stop: Stop) => void) | undefined

/** The exit code of an interrupted process; undefined where no signal came. */
export const interruptedCode = (): number | undefined => received === undefined ? undefined : exitCodes[received]

/** While the scope lasts, the first signal calls `stop` instead of interrupting the program. */
export const stoppingWith = (stop: (stop: Stop) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      ask = stop
      if (received !== undefined) stop({ reason: "interrupted", text: words[received] })
    }),
    () => Effect.sync(() => void (ask = undefined))
  )

/** Runs the program of this process, and ends the process with it once a signal came. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  const onSignal = (signal: Signal) => {
    if (received !== undefined) process.exit(exitCodes[signal])
    received = signal
    if (ask === undefined) fiber.interruptUnsafe(fiber.id)
    else ask({ reason: "interrupted", text: words[signal] })
  }
  const signals = Object.keys(exitCodes) as ReadonlyArray<Signal>
  for (const signal of signals) process.on(signal, onSignal)
  fiber.addObserver((exit) => {
    for (const signal of signals) process.removeListener(signal, onSignal)
    teardown(exit, (code) => {
      if (received !== undefined) process.exit(code === 0 ? process.exitCode : exitCodes[received])
      if (code !== 0) process.exit(code)
    })
  })
})
