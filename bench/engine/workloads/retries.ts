/**
 * W11: calls that fail and succeed later. One command must give the whole table, and say how often it tried again.
 */
import { existsSync, readFileSync } from "node:fs"
import type { Ended } from "../Command.ts"
import { tableOf } from "../results.ts"
import { RowSet } from "../RowSet.ts"
import { type Bench, inWorkspace, judge, type Workload } from "../steps.ts"

/** After so many commands a table that is not whole never will be. */
const mostCommands = 3

/** The retries that the run says it made. */
const retriesSaid = ({ stdout }: Ended): number => {
  const line = stdout.split("\n").findLast((each) => each.startsWith("{\"event\":\"RunFinished\""))
  return line === undefined ? 0 : JSON.parse(line).rows.retries ?? 0
}

const failuresIn = (file: string): number =>
  existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").length : 0

const measure = async ({ folder, record, runs, sizes }: Bench): Promise<void> => {
  const rows = RowSet.make(sizes.failingRows, 110)
  for (let run = 0; run < runs; run++) {
    await inWorkspace(folder, async (workspace) => {
      rows.write(workspace.file("rows.jsonl"))
      const ends: Array<Ended> = []
      do ends.push(await workspace.call("run", "retries.ts", "--json"))
      while (ends.at(-1)!.exitCode !== 0 && ends.length < mostCommands)
      const check = async () => rows.problemsOf(await tableOf(workspace.cache, "answered"))
      const measured = await judge(workspace, ends.slice(-1), { executions: rows.count, reads: 1, check })
      const failed = failuresIn(workspace.failuresFile)
      const said = ends.reduce((sum, ended) => sum + retriesSaid(ended), 0)
      record.add("W11", {
        ...measured,
        problems: [
          ...(ends.length > 1 ? [`it took ${ends.length} commands, or more`] : []),
          ...(said === failed ? [] : [`${failed} calls failed, the run counts ${said} retries`]),
          ...(failed > rows.count / 20 ? [] : [`only ${failed} calls failed: the workload tests nothing`]),
          ...measured.problems
        ]
      })
    })
  }
}

export const retries: Workload = { figures: ["W11"], measure }
