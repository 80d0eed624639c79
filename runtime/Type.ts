/**
 * What may travel along an edge of the graph: tables, values and artifacts. The promise of one is a `Ref` (`Ref.ts`).
 *
 * A type is declared once, in `nodes/tables.ts` or beside the node that owns it, and checked twice: by `tsc` where a
 * pipeline connects nodes, and by its schema where rows are written. How tables are stored is the cache's business,
 * who makes a value is the node's (`runtime/Node.ts`).
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Cell } from "../cache/Columns.ts"

/** The columns of a table: field name to a schema whose encoded side Arrow can hold. */
export type Columns = { readonly [name: string]: Schema.Codec<any, Cell> & Schema.Struct.Fields[string] }

/** One decoded row of a table. */
export type Row<F extends Columns> = Schema.Struct.Type<F>

/** A table as a node body receives it: its row count at once, its rows on demand, in table order. */
export interface Rows<out Row> {
  readonly numRows: number
  readonly all: Effect.Effect<ReadonlyArray<Row>>
  readonly stream: Stream.Stream<Row>
}

/** A folder (or the one file in it) as a node body receives it; read-only. `content` stands for it in keys, `path` never does. */
export interface Folder<out Kind extends string> {
  readonly kind: Kind
  readonly content: string
  readonly path: string
}

/** An edge type: a node writes `Written`, its consumers read `Read`. A wider table fits a narrower port. */
export interface Type<out Read, in Written> {
  readonly kind: "table" | "value" | "artifact"
  readonly name: string
  readonly "~read"?: () => Read
  readonly "~write"?: (written: Written) => void
}

export interface Table<F extends Columns> extends Type<Rows<Row<F>>, Iterable<Row<F>>> {
  readonly kind: "table"
  readonly columns: F
  /** Columns that name a row: unique together; they order SQL output and name rows in `why` and `trace`. */
  readonly id: ReadonlyArray<keyof F & string>
}

export interface Value<A> extends Type<A, A> {
  readonly kind: "value"
  readonly schema: Schema.Codec<A, any>
}

export interface Artifact<Kind extends string> extends Type<Folder<Kind>, void> {
  readonly kind: "artifact"
  readonly name: Kind
}

/** A table with these columns, its rows named by `id`. */
export const table = <const F extends Columns>(
  name: string,
  columns: F,
  options: { readonly id: ReadonlyArray<keyof F & string> }
): Table<F> => ({ kind: "table", name, columns, id: options.id })

/** A folder of files, told from other folders by its kind: a checkpoint does not fit where a dataset is asked for. */
export const artifact = <const Kind extends string>(kind: Kind): Artifact<Kind> => ({ kind: "artifact", name: kind })

/** A single value, stored as canonical JSON of the schema's encoded side. */
export const value = <A>(name: string, schema: Schema.Codec<A, any>): Value<A> => ({ kind: "value", name, schema })
