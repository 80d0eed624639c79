/**
 * Run records and event logs, two files a run: the record is rewritten in one step while the run goes on, events are
 * appended. They are what `ls`, `show`, `why`, `log` and notebooks read; what an event says is the runtime's business.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { decodeRun, encodeRun, type RunRecord } from "./Manifest.ts"
import * as publish from "./publish.ts"
import { StoreRefused } from "./StoreFailed.ts"

const runName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const recordEnd = ".json"

export class Runs {
  readonly #folder: string
  readonly #tmp: string

  constructor(base: string) {
    this.#folder = path.join(base, "runs")
    this.#tmp = path.join(base, "tmp")
  }

  put(record: RunRecord): void {
    publish.replaceFile(this.#tmp, this.#pathOf(record.run, recordEnd), encodeRun(record))
  }

  #pathOf(run: string, end: string): string {
    if (!runName.test(run)) {
      throw new StoreRefused({
        path: run,
        found: "is no name for a run",
        next: "use letters, digits, dots, dashes and underscores, at most 128"
      })
    }
    return path.join(this.#folder, `${run}${end}`)
  }

  get(run: string): RunRecord | undefined {
    if (!runName.test(run)) return undefined
    const bytes = publish.readIfExists(this.#pathOf(run, recordEnd))
    if (bytes === undefined) return undefined
    try {
      return decodeRun(bytes.toString("utf8"))
    } catch {
      // A record that cannot be read is history lost, not a result: the other runs stay usable, and `verify` reports
      // the file.
      return undefined
    }
  }

  /** Names of all runs, newest first: a name begins with the time its run started. */
  names(): ReadonlyArray<string> {
    return fs.readdirSync(this.#folder)
      .flatMap((file) => file.endsWith(recordEnd) ? [file.slice(0, -recordEnd.length)] : [])
      .sort()
      .reverse()
  }

  list(): ReadonlyArray<RunRecord> {
    return this.names()
      .flatMap((run) => this.get(run) ?? [])
      .sort((a, b) => a.startedAt === b.startedAt ? 0 : a.startedAt < b.startedAt ? 1 : -1)
  }

  /** The newest run of an experiment, or of any; reads no older ones. */
  latest(experiment: string | undefined): RunRecord | undefined {
    for (const run of this.names()) {
      const record = this.get(run)
      if (record !== undefined && (experiment === undefined || record.experiment === experiment)) return record
    }
    return undefined
  }

  /** Adds whole lines to the event log of a run. They are not synced: the record and the results say what is durable. */
  appendEvents(run: string, lines: string): void {
    fs.appendFileSync(this.#pathOf(run, ".ndjson"), lines, { mode: 0o600 })
  }

  /** The whole lines of a run's event log; a line that was cut off is not one. */
  readEvents(run: string): ReadonlyArray<string> {
    const bytes = publish.readIfExists(this.#pathOf(run, ".ndjson"))
    return bytes === undefined ? [] : bytes.toString("utf8").split("\n").slice(0, -1).filter((line) => line !== "")
  }
}
