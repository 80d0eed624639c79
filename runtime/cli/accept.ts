/**
 * `pipeline accept NODE`: declares that changed code still gives the same results, so that what the old code made stays
 * fresh. Writes a small file beside package.json that can be committed.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Accepted from "../Accepted.ts"
import { ExperimentInvalid } from "../Error.ts"
import * as acceptance from "./acceptance.ts"
import * as flags from "./flags.ts"
import { print } from "./output.ts"
import { withNode } from "./withNode.ts"

const node = Argument.String("node").pipe(Argument.withDescription("a node whose code changed"))

export const accept = Command.make(
  "accept",
  { experiment: flags.file, node, ...flags.shared },
  (given) =>
    withNode(given, ({ entry, session }) =>
      Effect.gen(function*() {
        const found = acceptance.acceptanceOf(entry)
        if (found === undefined) {
          return yield* new ExperimentInvalid({
            experiment: given.experiment,
            reason: `${given.node} is not stale for a change of code alone`,
            next: `\`pipeline why ${given.experiment} ${given.node}\` says what differs`
          })
        }
        acceptance.record(session.projectRoot, [found])
        print(`${given.node}: its code now counts as the code that made the cached result (${Accepted.fileName})`)
      }))
).pipe(Command.withDescription("declare that changed code gives the same results"))
