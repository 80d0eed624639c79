/**
 * W13: the specification has forty clauses, each row is shown the one it mentions, and one is edited.
 */
import { tableOf } from "../results.ts"
import { clausesOf, RowSet } from "../RowSet.ts"
import { type Bench, endProblems, found, inWorkspace, judge, type Workload } from "../steps.ts"

const measure = async ({ folder, record, runs, sizes }: Bench): Promise<void> => {
  const rows = RowSet.make(sizes.clauseRows, 110)
  for (let run = 0; run < runs; run++) {
    await inWorkspace(folder, async (workspace) => {
      const step = async (clauseVersion: number) => {
        workspace.write("clauses.json", JSON.stringify(clausesOf(clauseVersion), undefined, 1))
        const ended = await workspace.call("run", "clauses.ts")
        const check = async () => rows.problemsOf(await tableOf(workspace.cache, "judged"), { clauseVersion })
        return { ended, check }
      }
      rows.write(workspace.file("rows.jsonl"))
      const cold = await step(1)
      const { executed } = workspace.counted()
      const coldProblems = [
        ...endProblems(cold.ended),
        ...(executed === rows.count ? [] : [`cold: ${executed} executions where ${rows.count} were right`]),
        ...(await found(cold.check))
      ]
      const { check, ended } = await step(2)
      const measured = await judge(workspace, [ended], { executions: rows.mentioning, reads: 1, check })
      record.add("W13", { ...measured, problems: [...coldProblems, ...measured.problems] })
    })
  }
}

export const clauses: Workload = { figures: ["W13"], measure }
