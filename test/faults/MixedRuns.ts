/**
 * Runs of the mixed project, one after the other, on a cache that none of them may lose anything of: what each run said
 * is durable, and what bodies did, counted outside the cache.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "vitest"
import { type Finished, start, type Started } from "../support/pipeline.ts"
import { progressOf, ran } from "../support/whatRan.ts"
import { wholeContentsOf } from "./contentOf.ts"
import { copyProject, type Project } from "./copyProject.ts"

const hook = (name: string) => `--import ${new URL(`./hooks/${name}.mjs`, import.meta.url).href}`

/** Rows of the project's file. */
export const rows = 36

/** Labels of the row nodes, and of the others whose bodies count. */
export const rowLabels = ["weigh", "praise"] as const
const nodeLabels = ["lines", "mood", "album", "report"] as const

/** A row that the work is refused for in runs with `refused`. */
const refusedRow = "l17"

/** Where a run dies; see `hooks/dieAt.mjs`. */
export interface Death {
  readonly at: number
  readonly how: "before" | "after" | "half"
  readonly powerCut: boolean
}

export interface MixedRunOptions {
  readonly death?: Death | undefined
  /** The work of one row fails for good. */
  readonly refused?: boolean
  /** Every call that changes the cache is written to this file. */
  readonly tell?: string
  readonly args?: ReadonlyArray<string>
  readonly env?: NodeJS.ProcessEnv
  /** Modules of `hooks/` that are loaded before the command. */
  readonly hooks?: ReadonlyArray<string>
  /** What starts the command, for example `readOnly`. */
  readonly through?: ReadonlyArray<string>
}

export type Counted = ReadonlyMap<string, number>

const countsOf = (lines: ReadonlyArray<string>): Counted => {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

export class MixedRuns {
  readonly project: Project = copyProject("mixed")
  readonly cache: string = this.project.cache
  readonly #counter = join(this.project.path, "..", "counter")
  /** Rows that ended runs did not say are durable, by label. */
  readonly #unacknowledged = new Map<string, number>()
  /** Bodies of nodes that ended runs began and did not finish, by label. */
  readonly #unfinished = new Map<string, number>()

  /** Bodies so far, one line each: the label, then the row. */
  executed(): ReadonlyArray<string> {
    return existsSync(this.#counter) ? readFileSync(this.#counter, "utf8").split("\n").slice(0, -1) : []
  }

  /** How often each body ran so far: by label, and for rows by label and row. */
  counts(): Counted {
    return countsOf(this.executed())
  }

  start(options: MixedRunOptions = {}): Started {
    const { args = [], death, env = {}, hooks = [], refused, tell, through = [] } = options
    const dies = death !== undefined || tell !== undefined
    const imports = [...hooks, ...(dies ? ["dieAt"] : [])].map(hook)
    return start(["run", "experiment.ts", "--cache", this.cache, "--json", ...args], {
      cwd: this.project.path,
      env: {
        NODE_OPTIONS: imports.join(" "),
        FAULTS_COUNTER: this.#counter,
        FAULTS_REFUSED: refused === true ? refusedRow : "",
        ...(dies ? { FAULTS_DIE: JSON.stringify({ below: this.cache, at: 0, ...death, tell }) } : {}),
        ...env
      },
      through
    })
  }

  /** A command that only reads the cache. */
  call(
    args: ReadonlyArray<string>,
    options: Pick<MixedRunOptions, "env" | "hooks" | "through"> = {}
  ): Promise<Finished> {
    const { env = {}, hooks = [], through = [] } = options
    const all = { NODE_OPTIONS: hooks.map(hook).join(" "), FAULTS_COUNTER: this.#counter, ...env }
    return start([...args, "--cache", this.cache], { cwd: this.project.path, env: all, through }).finished
  }

  /** Runs to the end, however it comes, and notes what the run said is durable. */
  async run(options: MixedRunOptions = {}): Promise<Finished> {
    const before = this.executed().length
    const finished = await this.start(options).finished
    this.note(finished, countsOf(this.executed().slice(before)))
    return finished
  }

  /** What a run has done and not called durable may be done once more. */
  note({ events }: Pick<Finished, "events">, executed: Counted): void {
    const finished = ran(events)
    const add = (to: Map<string, number>, label: string, count: number) =>
      void to.set(label, (to.get(label) ?? 0) + count)
    for (const label of nodeLabels) {
      if (!finished.includes(label)) add(this.#unfinished, label, executed.get(`${label} `) ?? 0)
    }
    for (const label of rowLabels) {
      const done = [...executed].reduce((sum, [line, count]) => line.startsWith(`${label} `) ? sum + count : sum, 0)
      const failed = events.filter((event) => event.event === "RowFailed" && event.label === label).length
      const durable = Math.max(0, (progressOf(events, label).at(-1)?.done ?? 0) - failed)
      assert.isAtMost(durable, done, `${label}: more rows are called durable than were run`)
      add(this.#unacknowledged, label, done - durable)
    }
  }

  /** Nothing was done again that a run had called durable; everything was done at least once. */
  assertNothingRepeated(what: string): void {
    const counts = this.counts()
    for (const label of nodeLabels) {
      const times = counts.get(`${label} `) ?? 0
      assert.isAtLeast(times, 1, `${what}: ${label} never ran`)
      assert.isAtMost(
        times,
        1 + (this.#unfinished.get(label) ?? 0),
        `${what}: ${label} ran again although it was finished`
      )
    }
    for (const label of rowLabels) {
      const times = [...counts].filter(([line]) => line.startsWith(`${label} `)).map(([, count]) => count)
      assert.strictEqual(times.length, rows, `${what}: rows of ${label}`)
      const again = times.reduce((sum, count) => sum + count, 0) - rows
      assert.isAtMost(again, this.#unacknowledged.get(label) ?? 0, `${what}: durable rows of ${label} ran again`)
    }
  }

  /** Content digests of all results by label; every byte of them is read. */
  contents(): Promise<ReadonlyMap<string, string>> {
    return wholeContentsOf(this.cache)
  }

  remove(): void {
    this.project.remove()
  }
}
