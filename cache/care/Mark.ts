/**
 * What of a cache is needed, from its roots: pins, runs that go on, the present results of each experiment, and runs,
 * results and rows that are younger than asked for, the newest first as far as a size allows. What is not marked goes;
 * how it goes is the business of `collect.ts`.
 */
import type { Digest } from "../Digest.ts"
import { blobsOf, type RunNode, type RunRecord } from "../Manifest.ts"
import { parseHolder } from "../Holder.ts"
import type { Inventory } from "./Inventory.ts"
import type { ActionFacts, JournalContents } from "./JournalContents.ts"
import type { Knowledge } from "./Knowledge.ts"
import { type Living, processOf } from "./Living.ts"
import type { Pin } from "./Pins.ts"

/** Why something is kept. */
export interface Kept {
  /** A run by its name, else in words. */
  readonly what: string
  readonly why: string
  /** **Unit**: milliseconds since 1970. */
  readonly atMs: number
}

/** Something that keeps what it is made of. */
interface Root extends Kept {
  /** Kept whatever its age and size. */
  readonly always: boolean
  readonly run?: RunRecord
  readonly nodes?: ReadonlyArray<RunNode>
  readonly action?: ActionFacts
  readonly rowFunctions?: ReadonlyArray<Digest>
}

export interface MarkOptions {
  readonly records: ReadonlyArray<RunRecord>
  readonly pins: ReadonlyArray<Pin>
  readonly journal: JournalContents
  readonly inventory: Inventory
  readonly living: Living
  readonly knowledge: Knowledge
  /** What is younger is kept. **Unit**: milliseconds since 1970. */
  readonly since: number
  /** What is younger is kept only as far as it fits. */
  readonly sizeBytes: number | undefined
}

/** When a run was last known to go on. */
const endMs = ({ finishedAt, startedAt }: RunRecord): number => Date.parse(finishedAt ?? startedAt)

const byExperiment = (records: ReadonlyArray<RunRecord>): ReadonlyMap<string, ReadonlyArray<RunRecord>> => {
  const found = new Map<string, Array<RunRecord>>()
  for (const record of records) {
    const own = found.get(record.experiment)
    if (own === undefined) found.set(record.experiment, [record])
    else own.push(record)
  }
  return found
}

export class Mark {
  readonly #options: MarkOptions
  readonly #rowsOfWriter = new Map<string, Array<Digest>>()
  readonly runs = new Set<string>()
  readonly blobs = new Set<Digest>()
  readonly rowFunctions = new Set<Digest>()
  /** Contents of folders. */
  readonly folders = new Set<Digest>()
  /** The roots, in the order in which they were marked. */
  readonly kept: Array<Kept> = []
  /** Bytes of blobs and row logs that are kept. */
  bytes = 0
  /** Pins whose run is not in the cache. */
  readonly dangling: Array<Pin> = []
  /** Some kept result lacks its action, so nobody knows which rows it was made of: rows of any function stay. */
  actionsLost = 0

  constructor(options: MarkOptions) {
    this.#options = options
    for (const [rowFunction, { writers }] of options.inventory.rowLogs) {
      for (const writer of writers) {
        const known = this.#rowsOfWriter.get(writer)
        if (known === undefined) this.#rowsOfWriter.set(writer, [rowFunction])
        else known.push(rowFunction)
      }
    }
    for (const root of [...this.#pinned(), ...this.#running(), ...this.#present()]) this.#add(root)
    this.#addYoung()
    if (this.actionsLost > 0) { for (const rowFunction of options.inventory.rowLogs.keys()) this.#addRows(rowFunction) }
  }

  /** The row functions whose logs the process of a run wrote: also of nodes that did not come to an end. */
  #rowsWrittenBy(record: RunRecord): ReadonlyArray<Digest> {
    const holder = parseHolder(this.#options.knowledge.holderOf(record) ?? "")
    return holder === undefined ? [] : this.#rowsOfWriter.get(processOf(holder)) ?? []
  }

  #wholeRun(run: RunRecord, why: string, always: boolean): Root {
    return {
      what: run.run,
      why,
      atMs: endMs(run),
      always,
      run,
      nodes: run.nodes,
      rowFunctions: this.#rowsWrittenBy(run)
    }
  }

  #pinned(): ReadonlyArray<Root> {
    const records = new Map(this.#options.records.map((record) => [record.run, record]))
    return this.#options.pins.flatMap((pin): ReadonlyArray<Root> => {
      const record = records.get(pin.run)
      if (record === undefined) {
        this.dangling.push(pin)
        return []
      }
      const why = `pin ${pin.name}`
      if (pin.node === undefined) return [this.#wholeRun(record, why, true)]
      const nodes = record.nodes.filter(({ label }) => label === pin.node)
      return [{ what: record.run, why, atMs: endMs(record), always: true, run: record, nodes }]
    })
  }

  #running(): ReadonlyArray<Root> {
    const { living, records } = this.#options
    return records.filter(({ run }) => living.runs.has(run)).map((record) => this.#wholeRun(record, "running", true))
  }

  #present(): ReadonlyArray<Root> {
    const { knowledge, records } = this.#options
    return [...byExperiment(records)].flatMap(([experiment, runs]) => {
      const nodesOf = new Map<string, Array<RunNode>>([[runs[0]!.run, []]])
      for (const { node, run } of knowledge.presentOf(runs).values()) {
        const nodes = nodesOf.get(run)
        if (nodes === undefined) nodesOf.set(run, [node])
        else nodes.push(node)
      }
      return runs.filter(({ run }) => nodesOf.has(run)).map((run): Root => ({
        what: run.run,
        why: `latest of ${experiment}`,
        atMs: endMs(run),
        always: true,
        run,
        nodes: nodesOf.get(run.run)!,
        rowFunctions: this.#rowsWrittenBy(run)
      }))
    })
  }

  /** What is kept for its age, newest first, as far as it fits. */
  #addYoung(): void {
    const { inventory, journal, records, since, sizeBytes } = this.#options
    const keysOfRuns = new Set(records.flatMap(({ nodes }) => nodes.flatMap(({ key }) => key ?? [])))
    const rowsOfRuns = new Set(records.flatMap((record) => this.#rowsWrittenBy(record)))
    const roots: Array<Root> = records.map((record) => this.#wholeRun(record, "age", false))
    for (const [key, action] of journal.actions) {
      if (action.rowFunction !== undefined) rowsOfRuns.add(action.rowFunction)
      if (keysOfRuns.has(key)) continue
      roots.push({ what: `a result of ${action.label}`, why: "age", atMs: action.madeMs, always: false, action })
    }
    for (const [rowFunction, { atMs }] of inventory.rowLogs) {
      if (rowsOfRuns.has(rowFunction)) continue
      roots.push({ what: "rows", why: "age", atMs, always: false, rowFunctions: [rowFunction] })
    }
    roots.sort((a, b) => b.atMs - a.atMs)
    for (const root of roots) {
      if (root.atMs < since || (sizeBytes !== undefined && this.#bytesAdded(root) > sizeBytes)) break
      this.#add(root)
    }
    // rows may have been added lately to an old function by somebody whose run came to nothing
    for (const [rowFunction, { atMs }] of inventory.rowLogs) {
      if (sizeBytes === undefined && atMs >= since) this.#addRows(rowFunction)
    }
  }

  /** Bytes that would be kept with this root as well. */
  #bytesAdded(root: Root): number {
    const { blobs, rowFunctions } = this.#partsOf(root)
    let bytes = this.bytes
    for (const blob of new Set(blobs)) if (!this.blobs.has(blob)) bytes += this.#blobBytes(blob)
    for (const each of new Set(rowFunctions)) if (!this.rowFunctions.has(each)) bytes += this.#rowBytes(each)
    return bytes
  }

  #partsOf({ action, nodes = [], rowFunctions = [] }: Root) {
    const { actions } = this.#options.journal
    const parts = { blobs: new Array<Digest>(), folders: new Array<Digest>(), rowFunctions: [...rowFunctions], lost: 0 }
    const addFacts = (facts: ActionFacts): void => {
      parts.blobs.push(...facts.blobs)
      if (facts.isFolder) parts.folders.push(facts.content)
      if (facts.rowFunction !== undefined) parts.rowFunctions.push(facts.rowFunction)
      for (const source of facts.sources) {
        const found = actions.get(source)
        if (found !== undefined) addFacts(found)
      }
    }
    if (action !== undefined) addFacts(action)
    for (const { key, manifest } of nodes) {
      if (manifest !== undefined) parts.blobs.push(...blobsOf(manifest))
      if (manifest?.kind === "folder") parts.folders.push(manifest.content)
      const facts = key === undefined ? undefined : actions.get(key)
      if (facts !== undefined) addFacts(facts)
      else if (key !== undefined) parts.lost++
    }
    return parts
  }

  #add(root: Root): void {
    const { atMs, run, what, why } = root
    this.kept.push({ what, why, atMs })
    if (run !== undefined) this.runs.add(run.run)
    const { blobs, folders, lost, rowFunctions } = this.#partsOf(root)
    for (const blob of blobs) this.#addBlob(blob)
    for (const each of rowFunctions) this.#addRows(each)
    for (const folder of folders) this.folders.add(folder)
    this.actionsLost += lost
  }

  #blobBytes(blob: Digest): number {
    const { inventory, journal } = this.#options
    return inventory.blobs.get(blob)?.bytes ?? journal.blobs.get(blob) ?? 0
  }

  #rowBytes(rowFunction: Digest): number {
    return this.#options.inventory.rowLogs.get(rowFunction)?.bytes ?? 0
  }

  #addBlob(blob: Digest): void {
    if (this.blobs.has(blob)) return
    this.blobs.add(blob)
    this.bytes += this.#blobBytes(blob)
  }

  #addRows(rowFunction: Digest): void {
    if (this.rowFunctions.has(rowFunction)) return
    this.rowFunctions.add(rowFunction)
    this.bytes += this.#rowBytes(rowFunction)
  }
}
