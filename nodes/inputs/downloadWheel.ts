/**
 * Runs the user's own `pip download`, so that their index, proxy and credentials apply. Only wheels are asked for: building
 * a source archive would run its code. Whether the right bytes came is checked by `fetchWheel.ts`.
 */
import { spawn } from "node:child_process"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { PackagePin } from "./PackagePin.ts"
import { label, PackageUnavailable } from "./PackagePin.ts"

/** The beginnings of commands that may be pip, tried in order until one is there. */
export const PipCommands = Context.Reference<ReadonlyArray<readonly [string, ...Array<string>]>>(
  "sinternal/nodes/PipCommands",
  { defaultValue: () => [["python3", "-m", "pip"], ["pip3"], ["pip"], ["uv", "tool", "run", "pip"]] }
)

interface Ended {
  /** null: there is no such command. */
  readonly code: number | null
  readonly output: string
}

/** Output beyond this many characters is cut at its front. */
const keptOutput = 20_000

const run = (command: string, args: ReadonlyArray<string>): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-keptOutput)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.on("error", (error) => resume(Effect.succeed({ code: null, output: error.message })))
    child.on("close", (code) => resume(Effect.succeed({ code: code ?? 1, output })))
    return Effect.sync(() => child.kill("SIGTERM"))
  })

/** pip states the cause on its last ERROR line; python without pip on its last line. */
const cause = (output: string): string => {
  const lines = output.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
  return (lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1) ?? "no output").slice(0, 300)
}

const options = [
  "--no-deps",
  "--only-binary",
  ":all:",
  "--ignore-requires-python", // files are read, never run
  "--no-input",
  "--disable-pip-version-check"
]

const noPip = (output: string): boolean => /No module named pip/.test(output)

const tried = (commands: ReadonlyArray<ReadonlyArray<string>>): string =>
  commands.map((command) => command.join(" ")).join(", ")

/** Whether a pip is there at all; null: yes, else what is missing. */
export const missingPip = Effect.gen(function*() {
  const commands = yield* PipCommands
  for (const [command, ...before] of commands) {
    const { code, output } = yield* run(command, [...before, "--version"])
    if (code === 0 && !noPip(output)) return null
  }
  return `no pip was found (tried ${tried(commands)})`
})

/**
 * Downloads the wheel of `pin` into the folder `into`.
 *
 * **Fails**: `PackageUnavailable`, with pip's own last error, or when no pip is found.
 */
export const downloadWheel = Effect.fn("downloadWheel")(function*(pin: PackagePin, into: string) {
  const commands = yield* PipCommands
  const requirement = `${pin.name}==${pin.version}`
  for (const [command, ...before] of commands) {
    const { code, output } = yield* run(command, [...before, "download", ...options, "--dest", into, requirement])
    if (code === 0) return
    if (code === null || noPip(output)) continue
    return yield* new PackageUnavailable({
      package: label(pin),
      reason: `it could not be downloaded (${cause(output)})`,
      next: `check the network and the package index of pip, then run again; by hand: ${
        [command, ...before].join(" ")
      } download --no-deps ${requirement}`
    })
  }
  return yield* new PackageUnavailable({
    package: label(pin),
    reason: `no pip was found (tried ${tried(commands)})`,
    next: "install Python with pip, or uv, and run again"
  })
})
