/**
 * The command line: `pipeline COMMAND`. It is handed its commands, joins them and maps every ending to its exit code: the
 * engine's are one file each in `runtime/cli/`, a method has its own. Signals are in `runtime/cli/signals.ts`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import type { AnyCommand, Commands } from "./cli/commands.ts"
import { fail, failWith, finish } from "./cli/output.ts"
import { runMain } from "./cli/signals.ts"

const version = (): string => JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version

/** Flags of the command line itself that look into every command. */
const readsAllCommands = (argument: string): boolean => /^--(?:wizard|completions)\b/.test(argument)

/**
 * The command line with the commands that `args` may mean loaded, told by their names alone; of the others it has the
 * name and the description, which is all that a list of commands or an unknown command needs.
 */
const commandLine = async (commands: Commands, args: ReadonlyArray<string>): Promise<AnyCommand> => {
  const all = args.some(readsAllCommands)
  const subcommands = Object.entries(commands).map(async ([name, { description, load }]) => {
    const command: AnyCommand = all || args.includes(name) ? await load() : Command.make(name)
    return Command.withDescription(command, description)
  })
  return Command.make("pipeline").pipe(
    Command.withDescription("typed, incremental pipelines for safety post-training"),
    Command.withSubcommands(await Promise.all(subcommands))
  )
}

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

/** Runs the command line of this process with these commands. */
export const main = (commands: Commands): void => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
  })
  const program = Effect.promise(() => commandLine(commands, process.argv.slice(2))).pipe(
    Effect.flatMap((command) => Command.run(command, { version: version() })),
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
  runMain(program as Effect.Effect<void>, { disableErrorReporting: true })
}
