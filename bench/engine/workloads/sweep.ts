/**
 * W10: sixteen arms share the six nodes that their parameter does not touch.
 */
import { valuesLike } from "../results.ts"
import { type Bench, differences, inWorkspace, judge, type Workload } from "../steps.ts"

const arms = 16
const sharedNodes = 6
const touchedNodes = 2

const combine = (a: number, b: number, s: number): number => (31 * a + 17 * b + s) % 1_000_000_007

/** The last node of every arm. */
const valuesOfArms = (source: number): ReadonlyArray<number> => {
  let sixth = source
  for (let at = 1; at < sharedNodes; at++) sixth = combine(sixth, source, 1)
  return Array.from({ length: arms }, (_, arm) => combine(combine(sixth, source, arm + 1), sixth, arm + 1))
}

const inOrder = (values: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  values.toSorted((a, b) => Number(a) - Number(b))

const measure = async ({ folder, record, runs }: Bench): Promise<void> => {
  for (let run = 0; run < runs; run++) {
    await inWorkspace(folder, async (workspace) => {
      workspace.write("sources/0.txt", "71")
      const ended = await workspace.call("run", "sweep.ts")
      const check = async () => differences(inOrder(await valuesLike(workspace.cache, "c7")), inOrder(valuesOfArms(71)))
      record.add("W10", await judge(workspace, [ended], { executions: sharedNodes + touchedNodes * arms, check }))
    })
  }
}

export const sweep: Workload = { figures: ["W10"], measure }
