/**
 * The end of `pipeline run`: the results that are made for people on stdout, what ran and what is left on stderr, and
 * the exit code.
 */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { Store } from "../../cache/Store.ts"
import type * as Engine from "../Engine.ts"
import * as Reporter from "../terminal/Reporter.ts"
import { fitMarkdown } from "../terminal/fitMarkdown.ts"
import { styleFor } from "../terminal/style.ts"
import type { Left } from "./Left.ts"
import { columnsOf, fail, finish, print, say } from "./output.ts"
import type { Ended } from "./runExperiment.ts"
import { interruptedCode } from "./signals.ts"

/** Prints every target made for people: the headline of a report, the place of pictures. */
const printReports = Effect.fnUntraced(function*({ session, summary }: Ended) {
  const store = yield* Store
  for (const { vertex } of session.plan.graph.targets) {
    const manifest = summary.knowns.get(vertex.index)?.manifest
    if (manifest?.kind === "folder" && vertex.definition.output.name === "plot") {
      const path = yield* store.folderPath(manifest)
      print(manifest.files.map((each) => join(path, each.path)).filter((each) => /\.(svg|png)$/.test(each)).join("\n"))
    }
    if (manifest?.kind !== "value") continue
    const value = (yield* store.readValue(manifest)) as { readonly headline?: unknown }
    if (typeof value?.headline === "string") {
      print(process.stdout.isTTY ? fitMarkdown(value.headline, columnsOf(process.stdout)) : value.headline)
      say(`the whole report: pipeline show ${vertex.label}`)
    }
  }
})

/** A signal before all, then what failed, then a budget that was reached. */
const exitCodeOf = ({ failures, stopped }: Engine.Summary): number => {
  if (stopped?.reason === "interrupted") return interruptedCode() ?? 130
  const [failed] = failures.map((failure) => "exitCode" in failure ? failure.exitCode : 1)
  return failed ?? (stopped === undefined ? 1 : 3)
}

/** Tells how the run ended. `told`: progress was shown to people, who have seen failures in full. */
export const tellEnding = Effect.fnUntraced(
  function*(ended: Ended, left: Left, { json, told }: { readonly json: boolean; readonly told: boolean }) {
    const { summary } = ended
    if (summary.ok && !json) yield* printReports(ended)
    if (!json) { for (const line of Reporter.summaryLines(summary, { style: styleFor(process.stderr) })) say(line) }
    const untold = told ? undefined : summary.failures[0]
    if (untold !== undefined) fail(untold)
    if (summary.ok && summary.unrecorded !== undefined) say(`this run is not on record: ${summary.unrecorded.message}`)
    if (summary.stopped !== undefined) say(left.message(summary.stopped, summary.nodes))
    if (!summary.ok) finish(exitCodeOf(summary))
  }
)
