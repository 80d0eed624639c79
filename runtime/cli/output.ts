/**
 * What commands print and what they end with: results on stdout, everything else on stderr, no stack unless asked for.
 */
import * as Cause from "effect/Cause"
import { StoreIo, StoreRefused } from "../../cache/StoreFailed.ts"

/** Results. A reader that went away ends the command quietly. */
export const print = (text: string): void => {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`)
}

/** Messages for people. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

export const finish = (exitCode: number): void => {
  process.exitCode = exitCode
}

const details = () => process.argv.includes("--log-level=debug") || process.argv.join(" ").includes("--log-level debug")

/** An error's own code; 2 where the cache cannot be used at all; 1 for what is not one of ours. */
const exitCodeOf = (error: unknown): number =>
  error instanceof StoreIo || error instanceof StoreRefused
    ? 2
    : (error as { readonly exitCode?: number } | undefined)?.exitCode ?? 1

/** Says what failed and sets the exit code. */
export const fail = (error: unknown): void => {
  say(`error: ${error instanceof Error ? error.message : String(error)}`)
  if (details() && error instanceof Error) say(error.stack ?? "")
  finish(exitCodeOf(error))
}

export const failWith = (cause: Cause.Cause<unknown>): void => fail(Cause.squash(cause))

/** Columns of the terminal; wide where the output is no terminal, so that nothing is cut in files. */
export const columnsOf = (stream: { readonly isTTY?: boolean; readonly columns?: number }): number =>
  stream.isTTY === true ? stream.columns ?? 80 : 160
