/**
 * What every workload does: run a command, count what ran, compare what it left.
 */
import { type Ended, together, type Use } from "./Command.ts"
import type { Sizes } from "./figures.ts"
import type { Measurement, Measurements } from "./Measurements.ts"
import { Workspace } from "./Workspace.ts"

/** What a workload is given. */
export interface Bench {
  readonly sizes: Sizes
  /** How often each figure is measured. */
  readonly runs: number
  /** Where temporary folders are made. */
  readonly folder: string
  readonly record: Measurements
  readonly say: (line: string) => void
}

/** Figures that share their preparation. */
export interface Workload {
  readonly figures: ReadonlyArray<string>
  readonly measure: (bench: Bench) => Promise<void>
}

/** A project that is removed however the work ends. */
export const inWorkspace = async (folder: string, work: (workspace: Workspace) => Promise<void>): Promise<void> => {
  const workspace = new Workspace(folder)
  const remove = () => workspace.remove()
  process.once("exit", remove)
  try {
    await work(workspace)
  } finally {
    process.removeListener("exit", remove)
    remove()
  }
}

/** What is wrong with how a command ended. */
export const endProblems = (ended: Ended): ReadonlyArray<string> => {
  if (ended.exitCode === 0) return []
  const lines = ended.stderr.trim().split("\n")
  const said = (lines.find((line) => /error/i.test(line)) ?? lines.at(-1)!).trim().slice(0, 300)
  return [`exit ${ended.exitCode ?? ended.signal}: ${said}`]
}

/** The problems that a check finds; what it throws is one. */
export const found = async (check: () => Promise<ReadonlyArray<string>>): Promise<ReadonlyArray<string>> => {
  try {
    return await check()
  } catch (error) {
    return [`the result cannot be read: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** Where two lists of values differ. */
export const differences = (actual: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  if (actual.length !== right.length) return [`${actual.length} values instead of ${right.length}`]
  const wrong = right.filter((value, at) => actual[at] !== value).length
  return wrong === 0 ? [] : [`${wrong} of ${right.length} values are wrong`]
}

export interface Expected {
  readonly executions: number
  readonly spare?: number
  /** Sources that are read into tables. */
  readonly reads?: number
  readonly check: () => Promise<ReadonlyArray<string>>
}

/** What commands did since the workspace was last asked, against what is right. */
export const judge = async (
  workspace: Workspace,
  ends: ReadonlyArray<Ended>,
  expected: Expected
): Promise<Measurement & { readonly use: Use | undefined }> => {
  const { executed, read } = workspace.counted()
  const uses = ends.flatMap(({ use }) => use ?? [])
  const wrongReads = expected.reads !== undefined && read !== expected.reads
  return {
    executions: {
      ran: executed,
      right: expected.executions,
      ...(expected.spare === undefined ? {} : { spare: expected.spare })
    },
    problems: [
      ...ends.flatMap(endProblems),
      ...(wrongReads ? [`sources were read ${read} times instead of ${expected.reads}`] : []),
      ...(await found(expected.check))
    ],
    use: uses.length === 0 ? undefined : together(uses),
    diskBytes: workspace.cacheBytes()
  }
}

/** Kills the process group as soon as the counter says so. **Returns** what was counted then; undefined where it ended before. */
export const killAt = async (
  workspace: Workspace,
  args: ReadonlyArray<string>,
  executed: number
): Promise<number | undefined> => {
  const started = workspace.start(...args)
  let killedAt: number | undefined
  const watch = setInterval(() => {
    if (killedAt !== undefined || workspace.executedSoFar() < executed) return
    started.killGroup()
    killedAt = workspace.executedSoFar()
  }, 1)
  const { signal } = await started.ended
  clearInterval(watch)
  return signal === "SIGKILL" ? killedAt : undefined
}
