/**
 * The run that a command names: in full, by the beginning or the end of its name, or counted back from the latest one
 * (`latest`, `latest~1`).
 */
import type { RunRecord } from "../../cache/Manifest.ts"
import { ExperimentInvalid } from "../Error.ts"
import { nearestName } from "../nearestName.ts"

/** Runs shown where a name fits none or several. */
const shown = 5

const refused = (name: string, reason: string, next: string) =>
  new ExperimentInvalid({ experiment: `run ${name}`, reason, next })

const listed = (runs: ReadonlyArray<RunRecord>): string => {
  const names = runs.slice(0, shown).map(({ run }) => run).join(", ")
  return runs.length > shown ? `${names} and ${runs.length - shown} more` : names
}

/** Those of an experiment, named with or without `.ts`; all where none is named. */
export const runsOf = (
  runs: ReadonlyArray<RunRecord>,
  experiment: string | undefined
): ReadonlyArray<RunRecord> => {
  const wanted = experiment?.replace(/^\.\//u, "").replace(/\.[cm]?ts$/u, "")
  return wanted === undefined ? runs : runs.filter((run) => run.experiment === wanted)
}

/**
 * The run of this name. `latest~n` counts within the experiment of the latest run.
 *
 * **Shape**: `runs` are latest first. **Fails**: throws `ExperimentInvalid` where none fits, or several do.
 */
export const runNamed = (runs: ReadonlyArray<RunRecord>, name: string): RunRecord => {
  const [latest] = runs
  if (latest === undefined) {
    throw refused(name, "there are no runs in this cache", "start with: pipeline run experiments/quickstart.ts")
  }
  const back = /^latest(?:~(\d+))?$/u.exec(name)
  if (back !== null) {
    const own = runs.filter((run) => run.experiment === latest.experiment)
    const found = own[Number(back[1] ?? 0)]
    if (found === undefined) {
      throw refused(name, `${latest.experiment} has ${own.length} runs`, `the earliest is latest~${own.length - 1}`)
    }
    return found
  }
  const exact = runs.find((run) => run.run === name)
  if (exact !== undefined) return exact
  const fitting = runs.filter(({ run }) => name !== "" && (run.startsWith(name) || run.endsWith(name)))
  if (fitting.length === 1) return fitting[0]!
  if (fitting.length > 1) throw refused(name, `${fitting.length} runs fit`, `say more of its name: ${listed(fitting)}`)
  const near = nearestName(name, runs.map(({ run }) => run))
  throw refused(
    name,
    "no run in this cache has this name",
    `${near === undefined ? "" : `did you mean ${near}? `}\`pipeline ls --runs\` lists them; the latest are ${
      listed(runs)
    }`
  )
}
