/**
 * `pipeline run`: runs what is stale, prints the results that are made for people, ends with what was run and reused.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { Store } from "../../cache/Store.ts"
import * as Engine from "../Engine.ts"
import { Emit } from "../Event.ts"
import * as Session from "../Session.ts"
import * as Reporter from "../terminal/Reporter.ts"
import { styleFor } from "../terminal/style.ts"
import * as flags from "./flags.ts"
import { fail, finish, print, say } from "./output.ts"

const stale = Flag.Literals("stale", ["ask", "rerun"]).pipe(
  Flag.withDescription("what to do where only code changed above an expensive node"),
  Flag.withDefault("ask")
)
const keepGoing = Flag.Boolean("keep-going").pipe(
  Flag.withAlias("k"),
  Flag.withDescription("after a failure, run what does not depend on it"),
  Flag.withDefault(false)
)
const progress = Flag.Literals("progress", ["auto", "live", "plain", "json", "none"]).pipe(
  Flag.withDescription("how progress is shown"),
  Flag.withDefault("auto")
)

/** Prints every target made for people: the headline of a report, the place of pictures. */
const printReports = Effect.fnUntraced(function*(session: Session.Session, summary: Engine.Summary) {
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
      print(value.headline)
      say(`the whole report: pipeline show ${vertex.label}`)
    }
  }
})

export const run = Command.make("run", {
  experiment: flags.file,
  ...flags.shared,
  force: flags.force,
  stale,
  keepGoing,
  progress,
  json: flags.json
}, (given) => {
  const mode = given.json ? "json" : given.progress
  const reporter = Reporter.forProcess(mode)
  return Effect.gen(function*() {
    const options = flags.sessionOptions(given)
    yield* Effect.gen(function*() {
      const session = yield* Session.open(options)
      if (session.opened.swapped.length > 0 && !given.json) {
        reporter.log(["rehearsal, with stand-ins:", ...session.opened.swapped.map((line) => `  - ${line}`)].join("\n"))
      }
      const summary = yield* Engine.run({
        ...session.plan,
        countRows: false,
        experiment: session.experiment,
        stale: given.stale,
        keepGoing: given.keepGoing,
        record: { settings: session.opened.settings }
      })
      reporter.close()
      if (summary.ok && !given.json) yield* printReports(session, summary)
      if (!given.json) {
        for (const line of Reporter.summaryLines(summary, { style: styleFor(process.stderr) })) say(line)
      }
      if (!summary.ok) {
        // live and plain progress told it in full, and the last lines name it again
        if (mode === "json" || mode === "none") fail(summary.failures[0] ?? new Error("the run did not finish"))
        finish((summary.failures[0] as { readonly exitCode?: number } | undefined)?.exitCode ?? 1)
      }
    }).pipe(Effect.provideService(Emit, reporter.emit), Effect.provide(Session.layer(options)), Effect.scoped)
  }).pipe(Effect.ensuring(Effect.sync(() => reporter.close())))
}).pipe(Command.withDescription("run what is stale, and print the results"))
