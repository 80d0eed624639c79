/**
 * The command line: `pipeline run|plan|why|accept|ls|show|query`. One file per command in `runtime/cli/`; this one
 * joins them, maps every ending to its exit code, and turns the second Ctrl-C into an immediate stop.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { accept } from "./cli/accept.ts"
import { ls } from "./cli/ls.ts"
import { fail, failWith, finish, say } from "./cli/output.ts"
import { plan } from "./cli/plan.ts"
import { query } from "./cli/query.ts"
import { run } from "./cli/run.ts"
import { show } from "./cli/show.ts"
import { why } from "./cli/why.ts"

const version = (): string => JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version

const pipeline = Command.make("pipeline").pipe(
  Command.withDescription("typed, incremental pipelines for safety post-training"),
  Command.withSubcommands([run, plan, why, accept, ls, show, query])
)

const usageErrors = new Set([
  "ShowHelp",
  "UnrecognizedOption",
  "DuplicateOption",
  "MissingOption",
  "MissingArgument",
  "UnexpectedArgument",
  "InvalidValue",
  "UnknownSubcommand",
  "ValidationError"
])

/** Runs the command line of this process. */
export const main = (): void => {
  let interrupts = 0
  process.on("SIGINT", () => {
    if (++interrupts === 1) say("\nstopping; finished rows are kept (Ctrl-C again stops at once)")
    else process.exit(130)
  })
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
  })
  const program = Command.run(pipeline, { version: version() }).pipe(
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
      return Effect.sync(() => {
        const error = Cause.squash(cause) as { readonly _tag?: string; readonly errors?: ReadonlyArray<unknown> }
        if (usageErrors.has(error?._tag ?? "")) {
          if (error._tag !== "ShowHelp" || (error.errors?.length ?? 0) > 0) finish(2)
          if (error._tag !== "ShowHelp") fail(Object.assign(error, { exitCode: 2 }))
        } else failWith(cause)
      })
    }),
    Effect.provide(NodeServices.layer)
  )
  NodeRuntime.runMain(program as Effect.Effect<void>, { disableErrorReporting: true })
}
