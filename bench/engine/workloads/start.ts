/**
 * How long a command takes to say what it can do.
 */
import { type Bench, endProblems, inWorkspace, type Workload } from "../steps.ts"

const measure = ({ folder, record, runs }: Bench): Promise<void> =>
  inWorkspace(folder, async (workspace) => {
    await workspace.call("--help") // what a machine caches of a program, it has cached before
    for (let run = 0; run < runs; run++) {
      const help = await workspace.call("--help")
      const silent = help.stdout.includes("run") ? [] : ["it does not name its commands"]
      record.add("help", { problems: [...endProblems(help), ...silent], use: help.use })
    }
  })

export const start: Workload = { figures: ["help"], measure }
