/**
 * `pipeline plan`: what would run, why, and what it costs; runs nothing but instant nodes.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Plan from "../Plan.ts"
import * as Session from "../Session.ts"
import { styleFor } from "../terminal/style.ts"
import { planJson, planTable } from "../terminal/planTable.ts"
import * as flags from "./flags.ts"
import { columnsOf, finish, print, say } from "./output.ts"

const all = Flag.Boolean("all").pipe(
  Flag.withDescription("also fresh nodes and every sweep arm"),
  Flag.withDefault(false)
)
const exitCode = Flag.Boolean("exit-code").pipe(
  Flag.withDescription("exit 10 when there is work to do"),
  Flag.withDefault(false)
)

export const plan = Command.make("plan", {
  experiment: flags.file,
  ...flags.shared,
  force: flags.force,
  ...flags.selection,
  all,
  exitCode,
  json: flags.json
}, (given) =>
  Effect.gen(function*() {
    const options = flags.sessionOptions(given)
    yield* Effect.gen(function*() {
      const session = yield* Session.open(options)
      const made = yield* Plan.make({
        ...session.plan,
        selected: yield* flags.selected(session, given),
        countRows: true
      })
      if (given.json) print(JSON.stringify(planJson(made)))
      else {
        if (session.opened.swapped.length > 0) {
          say(["rehearsal, with stand-ins:", ...session.opened.swapped.map((line) => `  - ${line}`)].join("\n"))
        }
        print(planTable(made, { width: columnsOf(process.stdout), all: given.all, style: styleFor(process.stdout) }))
      }
      if (given.exitCode && made.entries.some((entry) => entry.state !== "fresh")) finish(10)
    }).pipe(Effect.provide(Session.layer(options)), Effect.scoped)
  })).pipe(Command.withDescription("what would run, why, and what it costs"))
