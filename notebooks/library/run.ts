/**
 * Runs an experiment from a cell, in a process of its own, as `pipeline run` does, and shows how it goes. What it makes is
 * in the cache afterwards: `open` it.
 *
 *     await run("experiments/quickstart.ts", { set: { "grpo.steps": 5 } })
 */
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Event } from "../../runtime/Event.ts"
import { projectRootOf } from "../../runtime/Place.ts"
import { visible } from "../../runtime/terminal/text.ts"
import { installed } from "./installed.ts"
import { RunView } from "./RunView.ts"

/** A value of a setting; objects and lists are given as JSON. */
type SettingValue = string | number | boolean | null | ReadonlyArray<SettingValue> | {
  readonly [name: string]: SettingValue
}

export interface RunOptions {
  /** Settings by their path. */
  readonly set?: { readonly [path: string]: SettingValue }
  readonly cache?: string
  readonly rehearse?: boolean
  /** What to do where only code changed above an expensive node; refused unless told. */
  readonly stale?: "rerun" | "accept"
}

/** What a run came to. */
export interface RunResult {
  readonly ran: number
  readonly fresh: number
  /** What `pipeline run` prints in the end: the headline of a report. */
  readonly headline: string
}

/** The run did not go through; the message says why and what to do. */
export class RunFailed extends Schema.TaggedError<RunFailed>()("RunFailed", {
  experiment: Schema.String,
  exitCode: Schema.NullOr(Schema.Int),
  reason: Schema.String
}) {
  override get message() {
    return `${this.experiment} ended with exit code ${this.exitCode ?? "none"}\n${this.reason}`
  }
}

const bin = fileURLToPath(new URL("../../runtime/bin.mjs", import.meta.url))

/** Node, not the Deno that the kernel is; `bin.mjs` finds a newer one where this is too old. */
const nodeOf = (projectRoot: string): string => installed(projectRoot, join(".bin", "node")) ?? "node"

const argumentsOf = (experiment: string, { cache, rehearse, set = {}, stale }: RunOptions): ReadonlyArray<string> => [
  bin,
  "run",
  experiment,
  "--progress=json",
  ...Object.entries(set).map(([path, value]) =>
    `--set=${path}=${typeof value === "string" ? value : JSON.stringify(value)}`
  ),
  ...(cache === undefined ? [] : [`--cache=${cache}`]),
  ...(rehearse === true ? ["--rehearse"] : []),
  ...(stale === undefined ? [] : [`--stale=${stale}`])
]

/**
 * Runs `experiment`, a path below the project, and shows its progress below the cell.
 *
 * **Fails**: rejects with `RunFailed` where a node failed, a decision is needed, or the experiment cannot be run.
 */
export const run = async (experiment: string, options: RunOptions = {}): Promise<RunResult> => {
  const projectRoot = projectRootOf(process.cwd())
  const view = await RunView.open()
  const child = spawn(nodeOf(projectRoot), argumentsOf(experiment, options), {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"]
  })
  const stop = () => void child.kill()
  process.on("exit", stop)
  const headline: Array<string> = []
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{\"event\"")) view.apply(JSON.parse(line) as Event)
    else headline.push(line)
  })
  const said: Array<string> = []
  createInterface({ input: child.stderr }).on("line", (line) => void said.push(visible(line)))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", resolve)
  })
  process.removeListener("exit", stop)
  await view.close()
  if (exitCode !== 0) throw new RunFailed({ experiment, exitCode, reason: said.join("\n") })
  const { fresh = 0, ran = 0 } = view.finished?.nodes ?? {}
  return { ran, fresh, headline: headline.join("\n") }
}
