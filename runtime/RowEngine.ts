/**
 * One row node in one run: keys every row, looks the keys up in the row log, hands what is missing to the pump, and
 * gathers the output table in input order, chunk by chunk. It may begin before its input table is there, on rows that the
 * node above has finished: what is found in the log later is the same, so reading ahead can change no result. A finished
 * row is durable before it counts; a failed one is a state in the log, tried again by the next run.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { ColumnBuilder } from "../cache/ColumnBuilder.ts"
import { tableSchema } from "../cache/Columns.ts"
import { KeyTable } from "../cache/log/KeyTable.ts"
import type { TableManifest } from "../cache/Manifest.ts"
import type { Memo } from "../cache/Memo.ts"
import { ReadMemory } from "../cache/ReadMemory.ts"
import { Store } from "../cache/Store.ts"
import { attemptAsync, type StoreFailed } from "../cache/StoreFailed.ts"
import type { Control } from "./Control.ts"
import { NodeFailed } from "./Error.ts"
import { Emit, type Event, type RowCounts } from "./Event.ts"
import type { Vertex } from "./Graph.ts"
import { keyBytes, type KeyParts } from "./Key.ts"
import { type Keyed, keyTable, readChunk } from "./rows/keyTable.ts"
import { OutputRows } from "./rows/OutputRows.ts"
import { type Chunk, hexKey, type KeyedChunk, RowFunction } from "./rows/RowFunction.ts"
import { RowPump } from "./rows/RowPump.ts"
import type { FailedRows } from "./rows/RowResults.ts"
import * as TableOutput from "./TableOutput.ts"
import type * as Usage from "./Usage.ts"

/** Of a chunk that has less than one in so many rows to run, only these are read. */
const fewRows = 4

export interface RowRunOptions {
  readonly control: Control
  /** What bodies may ask for. */
  readonly services: Context.Context<never>
  /** Every row runs, also one that has a result. */
  readonly force: boolean
}

export interface RowsDone {
  /** Undefined when rows failed or were not started. */
  readonly manifest: TableManifest | undefined
  readonly counts: RowCounts
  readonly usage: Usage.Usage
  /** Reasons of failed rows, most common first. */
  readonly failures: ReadonlyArray<FailedRows>
  /** Rows that were not started, because the run was stopped or too many failed. */
  readonly left: number
}

export class RowRun {
  readonly #vertex: Vertex
  readonly #function: RowFunction
  readonly #memo: Memo
  /** The cache's folder, for messages. */
  readonly #root: string
  readonly #pump: RowPump
  readonly #options: RowRunOptions
  readonly #emit: (event: Event) => void
  /** Keys that were read ahead. */
  readonly #ahead = new KeyTable(keyBytes, 64)
  readonly #followers: Array<RowRun> = []
  #total = 0

  private constructor(
    vertex: Vertex,
    rowFunction: RowFunction,
    memo: Memo,
    root: string,
    options: RowRunOptions,
    emit: (event: Event) => void
  ) {
    this.#vertex = vertex
    this.#root = root
    this.#function = rowFunction
    this.#memo = memo
    this.#options = options
    this.#emit = emit
    const { label } = vertex
    this.#pump = new RowPump(rowFunction, {
      memo,
      ...options,
      onProgress: () => this.#progress(),
      onWaiting: (rows) =>
        emit({ event: "NodeWaiting", label, key: rowFunction.key, for: "another run on this cache", rows }),
      onFailed: (row, reason) => emit({ event: "RowFailed", label, row, reason }),
      onRetry: (row, retried) => emit({ event: "RowRetried", label, row, ...retried }),
      onDone: (chunk, rows) => this.#offer(chunk, rows)
    })
  }

  /** Opens the row log; the scope's end stops what is in flight and closes it. */
  static readonly open = Effect.fnUntraced(function*(
    vertex: Vertex,
    parts: KeyParts,
    side: { readonly [port: string]: unknown },
    options: RowRunOptions
  ) {
    const store = yield* Store
    const emit = yield* Emit
    const rowFunction = new RowFunction(vertex, parts, side)
    const memo = yield* store.openMemo(rowFunction.key)
    return yield* Effect.acquireRelease(
      Effect.sync(() => new RowRun(vertex, rowFunction, memo, store.root, options, emit)),
      (run) => run.#pump.abort
    )
  })

  /** Reads ahead on the rows of `above`, as soon as they are done. */
  follow(above: RowRun): void {
    if (!above.#followers.includes(this)) above.#followers.push(this)
  }

  #progress(): void {
    const { results: { done, failed }, shared } = this.#pump
    this.#emit({ event: "Progress", label: this.#vertex.label, done: done + failed + shared, total: this.#total })
  }

  /** Rows of the node above that are done, before its table is. */
  #accept(chunk: Chunk): void {
    if (this.#pump.halted) return
    const keyed = { ...chunk, keys: this.#function.keysOf(chunk) }
    const missing: Array<number> = []
    const found: Array<number> = []
    for (let row = 0; row < chunk.rows; row++) {
      if (this.#memo.find(keyed.keys, row) >= 0) found.push(row)
      else if (this.#ahead.find(keyed.keys, row * keyBytes) < 0) {
        this.#ahead.add(keyed.keys, row * keyBytes)
        missing.push(row)
      }
    }
    this.#total += missing.length
    this.#pump.push(keyed, missing)
    this.#offer(keyed, found)
  }

  /** Shows finished rows to the nodes that read ahead. */
  #offer(chunk: KeyedChunk, rows: ReadonlyArray<number>): void {
    if (this.#followers.length === 0 || rows.length === 0) return
    const { definition } = this.#function
    const schema = tableSchema(definition.output.columns)
    const builders = new Map(schema.map((column) => [column.name, new ColumnBuilder(column.type)]))
    let shown = 0
    for (const row of rows) {
      const payload = this.#payloadOf(chunk.keys, row)
      if (payload === undefined) continue
      let at = this.#function.codec.firstCell(payload)
      for (const name of this.#function.logged) at = builders.get(name)!.pushEncoded(payload, at)
      for (const name of definition.carry) builders.get(name)!.pushFrom(chunk.columns.get(name)!, row)
      shown++
    }
    const columns = new Map([...builders].map(([name, builder]) => [name, builder.take()]))
    for (const follower of this.#followers) follower.#accept({ rows: shown, columns })
  }

  #await(wait: () => Promise<void>): Effect.Effect<void, StoreFailed> {
    return attemptAsync("write a row", this.#root, wait)
  }

  /**
   * Runs what is missing of a table and gathers its output under the node's key. Fails where the store does and where two
   * rows have one id; failed rows are counted in the result.
   */
  over(manifest: TableManifest, key: string): Effect.Effect<RowsDone, StoreFailed | NodeFailed, Store> {
    return Effect.gen({ self: this }, function*() {
      // what was read ahead ends first: its failures are this run's attempts at those rows
      yield* this.#await(() => this.#pump.idle())
      const attempted = this.#pump.results.done + this.#pump.results.failed
      const sharedAhead = this.#pump.shared // another run did these, and they are found below
      const keyed = yield* keyTable(this.#function, manifest, this.#options.force ? () => -1 : this.#memo.find)
      const missing = this.#withoutAttempted(keyed)
      this.#total = missing.reduce((sum, rows) => sum + rows.length, attempted)
      const { distinct } = keyed
      const found = { total: distinct, fresh: distinct - this.#total, toRun: this.#total }
      this.#emit({ event: "RowsFound", label: this.#vertex.label, ...found })
      yield* this.#run(manifest, keyed, missing)

      const { results: { done, failed, failures, usage }, retries, shared } = this.#pump
      const left = this.#total - done - failed - (shared - sharedAhead)
      const counts: RowCounts = {
        ran: done,
        fresh: distinct - done - failed - left,
        failed: failed + left,
        ...(retries === 0 ? {} : { retries })
      }
      if (counts.failed > 0) return { manifest: undefined, counts, usage, failures, left }
      return { manifest: yield* this.#gather(manifest, keyed, key), counts, usage, failures, left }
    })
  }

  /** Rows to run, by chunk. One that was read ahead and has no result failed: it is not tried again in this run. */
  #withoutAttempted({ keys, missing }: Keyed): Keyed["missing"] {
    if (this.#ahead.size === 0) return missing
    return missing.map((rows, index) => rows.filter((row) => this.#ahead.find(keys[index]!, row * keyBytes) < 0))
  }

  /** Hands the missing rows of each chunk to the pump, and all others to those who read ahead, as fast as both can take them. */
  #run(manifest: TableManifest, { entries, keys }: Keyed, missing: Keyed["missing"]) {
    return Effect.gen({ self: this }, function*() {
      for (const index of manifest.chunks.keys()) {
        if (this.#pump.halted) break
        const rows = missing[index]!
        if (rows.length === 0 && this.#followers.length === 0) continue
        if (this.#followers.length === 0 && rows.length * fewRows <= manifest.chunks[index]!.rows) {
          yield* this.#runSome(manifest, index, keys[index]!, rows)
        } else {
          const chunk = { ...(yield* readChunk(manifest, index, this.#function.needed)), keys: keys[index]! }
          if (this.#followers.length > 0) {
            const has = entries[index]!
            this.#offer(chunk, Array.from({ length: chunk.rows }, (_, row) => row).filter((row) => has[row]! >= 0))
          }
          this.#pump.push(chunk, rows)
        }
        for (const run of [this as RowRun, ...this.#followers]) yield* run.#await(() => run.#pump.ready())
      }
      yield* this.#await(() => this.#pump.idle())
    })
  }

  /** Runs some rows of a chunk, reading and holding only these. */
  #runSome(manifest: TableManifest, index: number, keys: Uint8Array, rows: ReadonlyArray<number>) {
    return Effect.map(readChunk(manifest, index, this.#function.needed, { rows }), (chunk) => {
      const own = new Uint8Array(rows.length * keyBytes)
      rows.forEach((row, at) => own.set(keys.subarray(row * keyBytes, (row + 1) * keyBytes), at * keyBytes))
      this.#pump.push({ ...chunk, keys: own }, Array.from(rows.keys()))
    })
  }

  /** The output table, in the order of the input. */
  #gather(manifest: TableManifest, { entries, keys }: Keyed, key: string) {
    return Effect.gen({ self: this }, function*() {
      const { carry, input, output: table } = this.#function.definition
      const output = yield* TableOutput.open({
        label: this.#vertex.label,
        key,
        table,
        idsChecked: table.id.every((name) => carry.includes(name)) && input.id.every((name) => table.id.includes(name))
      })
      const moved = new OutputRows(this.#function, this.#memo, output.writer)
      const memory = new ReadMemory()
      for (const index of manifest.chunks.keys()) {
        const chunk = yield* readChunk(manifest, index, carry, { memory })
        moved.begin(chunk, entries[index]!)
        for (let row = moved.moveFrom(0); row < chunk.rows; row = moved.moveFrom(row + 1)) {
          const known = this.#payloadOf(keys[index]!, row)
          moved.move(row, known ?? (yield* this.#again(manifest, index, keys[index]!, row)), 0)
        }
      }
      return yield* output.finish
    })
  }

  #payloadOf(keys: Uint8Array, row: number): Uint8Array | undefined {
    const entry = this.#memo.find(keys, row)
    return entry < 0 ? undefined : this.#memo.payload(entry)
  }

  /** Runs a row anew whose result in the log turned out damaged. */
  #again(manifest: TableManifest, index: number, keys: Uint8Array, row: number) {
    return Effect.gen({ self: this }, function*() {
      yield* this.#runSome(manifest, index, keys, [row])
      yield* this.#await(() => this.#pump.idle())
      const payload = this.#payloadOf(keys, row)
      if (payload !== undefined) return payload
      return yield* new NodeFailed({
        label: this.#vertex.label,
        key: hexKey(keys, row),
        reason: "the stored result of a row was damaged, and it could not be made again",
        next: "run the same command again"
      })
    })
  }
}
