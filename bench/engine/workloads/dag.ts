/**
 * W1 to W5, W7 and W12 on the graph: one cache, edited step by step as a user edits.
 */
import { DagModel } from "../DagModel.ts"
import { valuesOf } from "../results.ts"
import { type Bench, differences, inWorkspace, judge, killAt, type Workload } from "../steps.ts"
import type { Workspace } from "../Workspace.ts"

/** Runs the command and records what it did. */
const stepper = (bench: Bench, workspace: Workspace, model: DagModel) => async (id: string, executions: number) => {
  const set = [`width=${model.width}`, `alpha=${model.alpha}`].flatMap((pair) => ["--set", pair])
  const ended = await workspace.call("run", "dag.ts", ...set)
  const check = async () => differences(await valuesOf(workspace.cache, model.targets), model.values())
  bench.record.add(id, await judge(workspace, [ended], { executions, check }))
}

/** `plan` and `why` while `stale` nodes below the source 3.txt are to run. */
const ask = async (bench: Bench, workspace: Workspace, model: DagModel, stale: number): Promise<void> => {
  const set = ["--set", `width=${model.width}`]
  const plan = await workspace.call("plan", "dag.ts", ...set, "--json")
  const planned = async () => {
    const { nodes } = JSON.parse(plan.stdout).totals
    return differences([nodes.stale + nodes.waiting, nodes.fresh], [stale, model.nodes - stale])
  }
  bench.record.add("W12p", await judge(workspace, [plan], { executions: 0, check: planned }))
  const why = await workspace.call("why", "dag.ts", "n0_3", ...set)
  const explained = async () =>
    why.stdout.includes("3.txt") ? [] : [`it does not name the source: ${why.stdout.trim()}`]
  bench.record.add("W12w", await judge(workspace, [why], { executions: 0, check: explained }))
}

const measure = async (bench: Bench): Promise<void> => {
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      const model = new DagModel(bench.sizes.width)
      const step = stepper(bench, workspace, model)
      model.writeSources(workspace)
      await step("W1", model.nodes)
      await step("W2", 0)

      model.sources[3]! += 100
      model.writeSources(workspace)
      await ask(bench, workspace, model, model.below(0))
      await step("W3a", model.below(0))

      model.corner = 4
      workspace.edit("nodes/corner.ts", "constant = 1", "constant = 4")
      await step("W3b", 1)

      workspace.write("sources/5.txt", `\n  ${model.sources[5]!}  \n\n`)
      await step("W4", 1)

      workspace.edit("nodes/commented.ts", "// a comment that may change", "// a comment that changed\n")
      workspace.edit("text/helperB.ts", "// a comment that may change", "/* a comment that changed */")
      await step("W5c", 0)

      model.helper = 6
      workspace.edit("text/helperB.ts", "addend = 1", "addend = 6")
      await step("W5h", model.below(5))

      model.alpha = 2
      await step("W7a", 3 * model.width)
      model.alpha = 1
      await step("W7b", 0)
    })
  }
}

export const dag: Workload = {
  figures: ["W1", "W2", "W3a", "W3b", "W4", "W5c", "W5h", "W7a", "W7b", "W12p", "W12w"],
  measure
}

const measureLarge = async (bench: Bench): Promise<void> => {
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      const model = new DagModel(bench.sizes.largeWidth)
      const step = stepper(bench, workspace, model)
      model.writeSources(workspace)
      await step("W1x", model.nodes)
      await step("W2x", 0)
    })
  }
}

export const largeDag: Workload = { figures: ["W1x", "W2x"], measure: measureLarge }

/** Nodes that a kill may cost: those in flight and those of one commit batch, which a slow disk makes larger. */
const spareNodes = 128

const measureFaults = async (bench: Bench): Promise<void> => {
  for (let run = 0; run < bench.runs; run++) {
    await inWorkspace(bench.folder, async (workspace) => {
      const model = new DagModel(bench.sizes.killedWidth)
      const args = ["run", "dag.ts", "--set", `width=${model.width}`]
      const check = async () => differences(await valuesOf(workspace.cache, model.targets), model.values())
      const half = model.nodes / 2
      model.writeSources(workspace)

      const killedAt = await killAt(workspace, args, half)
      const again = await workspace.call(...args)
      const killed = await judge(workspace, [again], { executions: model.nodes, spare: spareNodes, check })
      const how = killedAt === undefined
        ? { problems: ["it ended before it could be killed", ...killed.problems] }
        : { note: `killed at ${killedAt}` }
      bench.record.add("W8", { ...killed, ...how })

      workspace.clear()
      const both = await Promise.all([workspace.call(...args), workspace.call(...args)])
      bench.record.add("W9", await judge(workspace, both, { executions: model.nodes, check }))
    })
  }
}

export const dagFaults: Workload = { figures: ["W8", "W9"], measure: measureFaults }
