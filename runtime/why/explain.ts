/**
 * The reasons why a node is stale, each with what stands behind it: the rows of an input, the setting of a parameter.
 * Looks at the results of the last run, which the reasons themselves do without.
 */
import * as Effect from "effect/Effect"
import type { RunRecord } from "../../cache/Manifest.ts"
import type { Entry, Plan } from "../Plan.ts"
import * as RunFacts from "../RunFacts.ts"
import type { Reason } from "../Why.ts"
import { type InputChange, inputChange } from "./inputChange.ts"
import { inputThen } from "./inputThen.ts"
import { type SettingBehind, settingsBehind, type SettingsNow } from "./settingBehind.ts"

export interface Explained extends Reason {
  readonly change?: InputChange
  readonly settings?: ReadonlyArray<SettingBehind>
}

export interface ExplainOptions extends SettingsNow {
  /** Runs to look for earlier inputs in: at least the one that made the node's last result. */
  readonly runs: ReadonlyArray<RunRecord>
}

/** Every reason with what is behind it; the first one is the first part of the key that differs. */
export const explain = Effect.fnUntraced(
  function*({ resolved, vertex, why }: Entry, plan: Plan, options: ExplainOptions) {
    const { runs } = options
    const previous = resolved === undefined || resolved.state.fresh ? undefined : resolved.state.previous
    if (previous === undefined) return why as ReadonlyArray<Explained>
    const then = runs.find(({ run }) => run === previous.run)
    const explained: Array<Explained> = []
    for (const reason of why) {
      const input = reason.port === undefined ? undefined : vertex.inputs[reason.port]
      const now = input === undefined ? undefined : plan.knowns.get(input.index)?.manifest
      const before = input === undefined ? undefined : inputThen(runs, previous, reason.port!, input.label)
      if (now !== undefined && before !== undefined) {
        const { output } = input!.definition
        const change = yield* inputChange(before, now, reason, output.kind === "table" ? output.id : [])
        explained.push(change === undefined ? reason : { ...reason, change })
      } else if ((reason.part === "params" || reason.part === "seed") && then !== undefined) {
        const settings = settingsBehind(reason, RunFacts.settingsOf(then), options)
        explained.push(settings.length === 0 ? reason : { ...reason, settings })
      } else explained.push(reason)
    }
    return explained
  }
)
