/** A small cache written by hand: runs with a few tables each, as the engine would leave them. */
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Cell, ColumnType } from "../../../cache/Columns.ts"
import { Store } from "../../../cache/Store.ts"
import * as CacheStore from "../../../cache/Store.ts"

export interface MadeTable {
  readonly types: { readonly [column: string]: ColumnType["kind"] }
  readonly cells: { readonly [column: string]: ReadonlyArray<Cell> }
}

export interface MadeRun {
  readonly run: string
  readonly experiment: string
  /** Order of runs. */
  readonly startedAt: string
  /** Absent: it is still running. */
  readonly ok?: boolean
  readonly tables: { readonly [label: string]: MadeTable }
}

/** A table whose columns hold texts. */
export const texts = (cells: { readonly [column: string]: ReadonlyArray<string | null> }): MadeTable => ({
  types: Object.fromEntries(Object.keys(cells).map((name) => [name, "string" as const])),
  cells
})

export const makeCache = async (runs: ReadonlyArray<MadeRun>) => {
  const folder = mkdtempSync(join(tmpdir(), "sinternal-notebook-"))
  // stays open: runs are added while others read
  const store = await ManagedRuntime.make(CacheStore.layer(folder)).runPromise(Store)
  const putRun = async ({ experiment, ok, run, startedAt, tables }: MadeRun) => {
    const nodes = []
    for (const [label, { cells, types }] of Object.entries(tables)) {
      const schema = Object.entries(types).map(([name, kind]) => ({
        name,
        type: { kind, nullable: true } as ColumnType
      }))
      const rows = Object.values(cells)[0]!.length
      const manifest = await Effect.runPromise(store.putTable(schema, cells, rows))
      nodes.push({ label, node: label, state: "ran", manifest })
    }
    await Effect.runPromise(store.flush())
    const finished = ok === undefined ? {} : { ok, finishedAt: startedAt }
    await Effect.runPromise(store.putRun({ run, experiment, startedAt, ...finished, nodes }))
  }
  for (const run of runs) await putRun(run)
  return { folder, putRun, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
