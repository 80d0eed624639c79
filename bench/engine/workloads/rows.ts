/**
 * W6, W7 and W12 on the map: one function over many rows, with a body that counts itself and with a plain one.
 */
import type { Ended } from "../Command.ts"
import type { Measurement } from "../Measurements.ts"
import { tableOf } from "../results.ts"
import { RowSet } from "../RowSet.ts"
import { type Bench, differences, endProblems, found, inWorkspace, judge, killAt, type Workload } from "../steps.ts"
import type { Workspace } from "../Workspace.ts"

const textBytes = 110

/** Runs the map and records what it did. */
const stepper =
  (bench: Bench, workspace: Workspace) =>
  async (id: string, rows: RowSet, right: { executions: number; reads: number; start?: number }) => {
    const start = right.start ?? 0
    const ended = await workspace.call("run", "rows.ts", "--set", `start=${start}`)
    const check = async () => rows.problemsOf(await tableOf(workspace.cache, "checked"), { start })
    bench.record.add(id, await judge(workspace, [ended], { ...right, check }))
  }

/** `plan` where every row is to run. */
const plan = async (bench: Bench, workspace: Workspace, rows: RowSet): Promise<void> => {
  const ended = await workspace.call("plan", "rows.ts", "--set", "start=9", "--json")
  const check = async () => differences([JSON.parse(ended.stdout).totals.rows.lower], [rows.count])
  bench.record.add("W12r", await judge(workspace, [ended], { executions: 0, reads: 0, check }))
}

const measure = async (bench: Bench): Promise<void> => {
  const before = RowSet.make(bench.sizes.rows, textBytes)
  const after = before.edited(7)
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      const step = stepper(bench, workspace)
      before.write(workspace.file("rows.jsonl"))
      await step("W6", before, { executions: before.count, reads: 1 })
      await step("W6w", before, { executions: 0, reads: 0 })
      after.write(workspace.file("rows.jsonl"))
      await step("W6e", after, { executions: before.toRunAfterEdit, reads: 1 })
      await step("W7r", after, { executions: after.count, reads: 0, start: 7 })
      await step("W7q", after, { executions: 0, reads: 0 })
      await plan(bench, workspace, after)
    })
  }
}

export const rows: Workload = { figures: ["W6", "W6w", "W6e", "W7r", "W7q", "W12r"], measure }

/** The rows that the run says it ran. */
const rowsSaid = ({ stdout }: Ended): number => {
  const line = stdout.split("\n").findLast((each) => each.startsWith("{\"event\":\"RunFinished\""))
  return line === undefined ? 0 : JSON.parse(line).rows.ran
}

const measurePlain = async (bench: Bench): Promise<void> => {
  const before = RowSet.make(bench.sizes.rows, textBytes)
  const after = before.edited(7)
  const step = async (workspace: Workspace, id: string, rows: RowSet, right: number) => {
    const ended = await workspace.call("run", "rowsPlainly.ts", "--json")
    const measurement: Measurement = {
      executions: { ran: rowsSaid(ended), right },
      problems: [
        ...endProblems(ended),
        ...(await found(async () => rows.problemsOf(await tableOf(workspace.cache, "checkedPlainly"))))
      ],
      use: ended.use,
      diskBytes: workspace.cacheBytes(),
      note: "executions as the run says: a plain function can count nothing"
    }
    bench.record.add(id, measurement)
  }
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      before.write(workspace.file("rows.jsonl"))
      await step(workspace, "W6p", before, before.count)
      await step(workspace, "W6pw", before, 0)
      after.write(workspace.file("rows.jsonl"))
      await step(workspace, "W6pe", after, before.toRunAfterEdit)
    })
  }
}

export const plainRows: Workload = { figures: ["W6p", "W6pw", "W6pe"], measure: measurePlain }

const largeTextBytes = 1000

/** Cold once, then one edit after the other: each from the same first rows, so that each costs the same. */
const measureLarge = (bench: Bench): Promise<void> =>
  inWorkspace(bench.folder, async (workspace) => {
    const first = RowSet.make(bench.sizes.largeRows, largeTextBytes)
    const call = () => workspace.call("run", "rows.ts")
    const checkOf = (rows: RowSet) => async () => rows.problemsOf(await tableOf(workspace.cache, "checked"))
    first.write(workspace.file("rows.jsonl"))
    const cold = await call()
    bench.record.add(
      "W6k",
      await judge(workspace, [cold], { executions: first.count, reads: 1, check: checkOf(first) })
    )
    for (let run = 0; run < bench.runs; run++) {
      const edited = first.edited(100 + 2 * run, run + 1)
      edited.write(workspace.file("rows.jsonl"))
      const ended = await call()
      const executions = first.toRunAfterEdit
      const measured = await judge(workspace, [ended], { executions, reads: 1, check: checkOf(edited) })
      const bare = await workspace.bare("bare.ts", "rows.jsonl", String(executions))
      const bodiesS = bare.use?.cpuS ?? 0
      bench.record.add("W6ke", {
        ...measured,
        problems: [...measured.problems, ...endProblems(bare)],
        bodiesS,
        note: `the bodies alone, with reading all rows: ${bodiesS.toFixed(2)} s CPU in run ${run + 1}`
      })
    }
  })

export const largeRows: Workload = { figures: ["W6k", "W6ke"], measure: measureLarge }

/** Rows that a kill may cost: those of one commit batch. */
const spareRows = 16_384

const measureFaults = async (bench: Bench): Promise<void> => {
  const rows = RowSet.make(bench.sizes.killedRows, textBytes)
  const half = rows.count / 2
  const args = ["run", "rows.ts"]
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      const check = async () => rows.problemsOf(await tableOf(workspace.cache, "checked"))
      rows.write(workspace.file("rows.jsonl"))
      const killedAt = await killAt(workspace, args, half)
      const again = await workspace.call(...args)
      const killed = await judge(workspace, [again], { executions: rows.count, spare: spareRows, check })
      const how = killedAt === undefined
        ? { problems: ["it ended before it could be killed", ...killed.problems] }
        : { note: `killed at ${killedAt}` }
      bench.record.add("W8r", { ...killed, ...how })

      workspace.clear()
      const both = await Promise.all([workspace.call(...args), workspace.call(...args)])
      bench.record.add("W9r", await judge(workspace, both, { executions: rows.count, reads: 1, check }))
    })
  }
}

export const rowFaults: Workload = { figures: ["W8r", "W9r"], measure: measureFaults }
