/**
 * Where a row came from and what came of it, from what a run recorded: the graph, the ids of each table, the stored
 * rows. Up to sources, down to what was made of it; where a node reads a whole table, or makes no table, the walk says so
 * and ends, unless somebody knows which rows made a folder what it is. How it is printed is in `terminal/traceText.ts`.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../cache/Columns.ts"
import type { RunNode } from "../cache/Manifest.ts"
import { Store, type StoreFailed } from "../cache/Store.ts"
import type { PresentNode } from "./history/presentNodes.ts"
import { type Cells, StoredTable } from "./history/StoredTable.ts"
import * as RunFacts from "./RunFacts.ts"
import { storedAction } from "./storedAction.ts"
import { type Link, type Linked, linksOf } from "./trace/link.ts"
import { namedIn, naming } from "./trace/naming.ts"
import { tellingCells } from "./trace/tellingCells.ts"

/** A row, or a node that is no table, on the way up or down. */
export interface Traced {
  readonly label: string
  readonly kind: "row" | "value" | "folder" | "source" | "table"
  /** The row's name, of a row. */
  readonly row?: string
  readonly cells?: ReadonlyArray<readonly [column: string, cell: Cell]>
  /** What the run did to the node, its key, and the run that made its result. */
  readonly state?: string
  readonly key?: string
  readonly madeBy?: string
  /** How this row was found from the one above it in the tree, where that is not by its own id. */
  readonly by?: string
  /** Rows of this node that are not shown. */
  readonly more?: number
  /** It stands elsewhere in this tree with what follows from it. */
  readonly again?: true
  readonly next: ReadonlyArray<Traced>
}

export interface Trace {
  readonly run: string
  readonly row: Traced
  /** What it came from. */
  readonly up: ReadonlyArray<Traced>
  /** What came from it. */
  readonly down: ReadonlyArray<Traced>
}

export interface TraceOptions {
  readonly nodes: ReadonlyMap<string, PresentNode>
  readonly run: string
  /** Rows shown of one node below one row. */
  readonly rows: number
  /** The rows that made a folder what it is, the most important first; none where nobody can tell. */
  readonly movers?: (node: RunNode) => Reading<ReadonlyArray<Mover>>
}

/** A row, by its id in one of the inputs of the node that made a folder. */
export interface Mover {
  readonly row: string
  /** What it did, in a few words. */
  readonly by: string
}

/** A row of a node's table. */
export interface Place {
  readonly label: string
  readonly row: number
}

type Nodes = ReadonlyMap<string, PresentNode>
type Reading<A> = Effect.Effect<A, StoreFailed, Store>

const none: Reading<ReadonlyArray<Mover>> = Effect.succeed([])

export class Tracer {
  readonly #nodes: Nodes
  readonly #options: TraceOptions
  readonly #store: Store["Service"]
  readonly #tables = new Map<string, Linked | undefined>()
  readonly #consumers = new Map<string, Array<{ readonly label: string; readonly port: string }>>()
  /** Columns that name the rows of any table: what rows of different tables may have in common. */
  readonly #ids: ReadonlySet<string>

  constructor(store: Store["Service"], options: TraceOptions) {
    this.#store = store
    this.#options = options
    this.#nodes = options.nodes
    const ids = new Set<string>()
    for (const [label, { node }] of this.#nodes) {
      const { id, inputs } = RunFacts.ofNode(node)
      if (id.length === 1) ids.add(id[0]!)
      for (const [port, input] of Object.entries(inputs)) {
        const consumers = this.#consumers.get(input) ?? []
        consumers.push({ label, port })
        this.#consumers.set(input, consumers)
      }
    }
    this.#ids = ids
  }

  /** The table of a node, if it made one. */
  #tableOf(label: string): Linked | undefined {
    if (this.#tables.has(label)) return this.#tables.get(label)
    const node = this.#nodes.get(label)?.node
    const facts = node === undefined ? undefined : RunFacts.ofNode(node)
    const linked = node?.manifest?.kind === "table" && facts !== undefined
      ? { table: new StoredTable(this.#store, node.manifest, facts.id), facts }
      : undefined
    this.#tables.set(label, linked)
    return linked
  }

  /** The first row of this name: of one node, or of all of them in the order of the graph. */
  readonly find = Effect.fnUntraced({ self: this }, function*(label: string | undefined, name: string) {
    const found: Array<Place> = []
    for (const each of label === undefined ? this.#nodes.keys() : [label]) {
      const row: number = yield* this.#tableOf(each)?.table.rowNamed(name) ?? Effect.succeed(-1)
      if (row >= 0) found.push({ label: each, row })
    }
    return found as ReadonlyArray<Place>
  })

  /** Both ways from a row. */
  readonly trace = Effect.fnUntraced({ self: this }, function*(place: Place) {
    const row: Traced = yield* this.#shown(place, undefined, undefined)
    const start = `${place.label}\0${place.row}`
    return {
      run: this.#options.run,
      row,
      up: yield* this.#above(place, new Set([start])),
      down: yield* this.#below(place, new Set([start]))
    } as Trace
  })

  /** A row as one line, without what follows from it. */
  readonly #shown = Effect.fnUntraced(
    { self: this },
    function*({ label, row }: Place, beside: Cells | undefined, by: string | undefined) {
      const { table } = this.#tableOf(label)!
      const cells: Cells = yield* table.cells(row)
      const traced: Traced = {
        ...(yield* this.#facts(label)),
        kind: "row",
        row: table.nameOf(cells, row),
        cells: tellingCells(cells, table.id, beside),
        ...(by === undefined ? {} : { by })
      }
      return traced
    }
  )

  readonly #facts = Effect.fnUntraced({ self: this }, function*(label: string) {
    const { node } = this.#nodes.get(label)!
    const action = node.key === undefined ? undefined : yield* storedAction(node.key)
    return {
      label,
      state: node.state,
      ...(node.key === undefined ? {} : { key: node.key }),
      ...(action === undefined ? {} : { madeBy: action.run }),
      next: []
    }
  })

  /** A node whose rows are not followed: no table, a source, or read as a whole. */
  readonly #leaf = Effect.fnUntraced({ self: this }, function*(label: string, by?: string) {
    const node = this.#nodes.get(label)?.node
    const traced: Traced = node === undefined
      ? { label, kind: "source", next: [] }
      : { ...(yield* this.#facts(label)), kind: node.manifest?.kind ?? "value", ...(by === undefined ? {} : { by }) }
    return traced
  })

  /** What is no table, with the rows that made it what it is and all they came from, where somebody can tell. */
  #made(label: string, seen: Set<string>): Reading<Traced> {
    return Effect.gen({ self: this }, function*() {
      const leaf: Traced = yield* this.#leaf(label)
      const node = this.#nodes.get(label)?.node
      const movers = node === undefined || leaf.kind !== "folder" ? [] : yield* this.#options.movers?.(node) ?? none
      if (node === undefined || movers.length === 0) return leaf
      if (seen.has(label)) return { ...leaf, again: true }
      seen.add(label)
      const next: Array<Traced> = []
      for (const input of Object.values(RunFacts.ofNode(node).inputs)) {
        if (this.#tableOf(input) === undefined) next.push(yield* this.#made(input, seen))
        else next.push(...(yield* this.#moving(input, movers, seen)))
      }
      return { ...leaf, next }
    })
  }

  /** Those of the rows that are in one table, the first of them with what they came from. */
  readonly #moving = Effect.fnUntraced(
    { self: this },
    function*(label: string, movers: ReadonlyArray<Mover>, seen: Set<string>) {
      const { table } = this.#tableOf(label)!
      const ids = table.id.length === 1 ? yield* table.column(table.id[0]!) : []
      const places = new Map(ids.map((id, row) => [String(id), row]))
      const here = movers.filter(({ row }) => places.has(row))
      if (here.length === 0) return [yield* this.#leaf(label, "the whole table")] as ReadonlyArray<Traced>
      const steps: Array<Traced> = []
      for (const { by, row } of here.slice(0, this.#options.rows)) {
        const found = { rows: [places.get(row)!], by }
        steps.push(...(yield* this.#rows(label, found, {}, (place) => this.#above(place, seen), seen)))
      }
      const more = here.length - steps.length
      if (more > 0) steps.push({ label, kind: "table", more, next: [] })
      return steps as ReadonlyArray<Traced>
    }
  )

  #above({ label, row }: Place, seen: Set<string>): Reading<ReadonlyArray<Traced>> {
    return Effect.gen({ self: this }, function*() {
      const below = this.#tableOf(label)!
      const steps: Array<Traced> = []
      for (const [port, input] of Object.entries(below.facts.inputs)) {
        const above = this.#tableOf(input)
        if (above === undefined) {
          steps.push(yield* this.#made(input, seen))
          continue
        }
        const links = yield* this.#links(below, port, above)
        if (links[0]?.kind === "given") {
          const names: string | undefined = yield* namedIn(below.table, row, above.table)
          steps.push(yield* this.#leaf(input, names === undefined ? "given" : `given ${names}`))
          continue
        }
        const beside: Cells = yield* below.table.cells(row)
        const found = yield* this.#follow(links, below, row, above)
        steps.push(...(yield* this.#rows(input, found, beside, (place) => this.#above(place, seen), seen)))
      }
      return steps
    })
  }

  #below({ label, row }: Place, seen: Set<string>): Reading<ReadonlyArray<Traced>> {
    return Effect.gen({ self: this }, function*() {
      const above = this.#tableOf(label)!
      const steps: Array<Traced> = []
      for (const { label: consumer, port } of this.#consumers.get(label) ?? []) {
        const below = this.#tableOf(consumer)
        if (below === undefined) {
          steps.push(yield* this.#leaf(consumer, "reads the whole table"))
          continue
        }
        const links = yield* this.#links(below, port, above)
        const beside: Cells = yield* above.table.cells(row)
        const found = links[0]?.kind === "given"
          ? { rows: yield* naming(above.table, row, below.table), by: "was given it" }
          : yield* this.#follow(links, above, row, below)
        steps.push(...(yield* this.#rows(consumer, found, beside, (place) => this.#below(place, seen), seen)))
      }
      return steps
    })
  }

  /**
   * The ways between two tables. Rows are found by equal names where the first row below is: one above whose name is
   * not there was left out, and is in no other row by what else they have in common.
   */
  readonly #links = Effect.fnUntraced({ self: this }, function*(below: Linked, port: string, above: Linked) {
    const links = linksOf(below, port, above, this.#ids)
    const named = links.findIndex(({ kind }) => kind === "name")
    if (named < 0) return links
    const ids: ReadonlyArray<Cell> = yield* above.table.column(above.table.id[0]!)
    const [first]: ReadonlyArray<Cell> = yield* below.table.column(below.table.id[0]!)
    const holds = first !== undefined && ids.includes(first)
    return holds ? [links[named]!] : links.filter(({ kind }) => kind !== "name")
  })

  /** Rows of `to` that belong to a row of `from`; `undefined` where only the whole table does. */
  readonly #follow = Effect.fnUntraced(
    { self: this },
    function*(links: ReadonlyArray<Link>, from: Linked, row: number, to: Linked) {
      const cells: Cells = yield* from.table.cells(row)
      for (const link of links) {
        if (link.kind === "place") return { rows: [row], by: undefined }
        if (link.kind === "given") continue
        const wanted: Cells = link.kind === "name"
          ? { [to.table.id[0]!]: cells[from.table.id[0]!]! }
          : Object.fromEntries(link.columns.map((column) => [column, cells[column]!]))
        const rows = yield* to.table.where(wanted)
        const own = to.table.id.length > 0 && to.table.id.every((column) => column in wanted)
        return { rows, by: own ? undefined : `by ${Object.keys(wanted).join(", ")}` }
      }
      return undefined
    }
  )

  /** Some rows of one node with what follows from them. */
  readonly #rows = Effect.fnUntraced({ self: this }, function*(
    label: string,
    found: { readonly rows: ReadonlyArray<number>; readonly by: string | undefined } | undefined,
    beside: Cells,
    next: (place: Place) => Reading<ReadonlyArray<Traced>>,
    seen: Set<string>
  ) {
    if (found === undefined) return [yield* this.#leaf(label, "the whole table")] as ReadonlyArray<Traced>
    const steps: Array<Traced> = []
    for (const row of found.rows.slice(0, this.#options.rows)) {
      const place = { label, row }
      const shown: Traced = yield* this.#shown(place, beside, found.by)
      const key = `${label}\0${row}`
      if (seen.has(key)) {
        steps.push({ ...shown, cells: [], again: true })
        continue
      }
      seen.add(key)
      steps.push({ ...shown, next: yield* next(place) })
    }
    const more = found.rows.length - steps.length
    if (more > 0) steps.push({ label, kind: "table", more, next: [] })
    return steps as ReadonlyArray<Traced>
  })
}
