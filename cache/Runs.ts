/**
 * Run records, one file a run, rewritten in one step while the run goes on: what `ls`, `show`, `why` and notebooks
 * read. The event log of a run, and who holds it, are the business of the runtime.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { decodeRun, encodeRecord, type RunRecord } from "./Manifest.ts"
import * as publish from "./publish.ts"
import { StoreRefused } from "./StoreFailed.ts"

const runName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

export class Runs {
  readonly #folder: string
  readonly #tmp: string

  constructor(base: string) {
    this.#folder = path.join(base, "runs")
    this.#tmp = path.join(base, "tmp")
  }

  put(record: RunRecord): void {
    if (!runName.test(record.run)) {
      throw new StoreRefused({
        path: record.run,
        found: "is no name for a run",
        next: "use letters, digits, dots, dashes and underscores, at most 128"
      })
    }
    publish.replaceFile(this.#tmp, this.#pathOf(record.run), encodeRecord(record))
  }

  #pathOf(run: string): string {
    return path.join(this.#folder, `${run}.json`)
  }

  get(run: string): RunRecord | undefined {
    if (!runName.test(run)) return undefined
    const bytes = publish.readIfExists(this.#pathOf(run))
    if (bytes === undefined) return undefined
    try {
      return decodeRun(bytes.toString("utf8"))
    } catch {
      // A record that cannot be read is history lost, not a result: the other runs stay usable, and `verify` reports
      // the file.
      return undefined
    }
  }

  list(): ReadonlyArray<RunRecord> {
    return fs.readdirSync(this.#folder)
      .flatMap((file) => file.endsWith(".json") ? this.get(file.slice(0, -5)) ?? [] : [])
      .sort((a, b) => a.startedAt === b.startedAt ? (a.run < b.run ? 1 : -1) : a.startedAt < b.startedAt ? 1 : -1)
  }

  latest(experiment: string | undefined): RunRecord | undefined {
    return this.list().find((record) => experiment === undefined || record.experiment === experiment)
  }
}
