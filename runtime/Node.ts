/**
 * The three ways to make a node: `make` (tables, values and artifacts), `mapRows` (one row in, one row out, each row an
 * entry of its own) and `sql`. Definitions are module-level constants; calling one connects it to its inputs and yields
 * a `Ref`. This file holds types and records, nothing runs here: the engine does that (`runtime/Engine.ts`).
 *
 * What an author gets wrong fails in `tsc` where possible: a wrong edge, an unknown column, a service that is not in
 * `uses`, `seed` without `seeded` (see `test/types`).
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { definitionSite } from "./code/definitionSite.ts"
import type { Inert, NodeDefinition } from "./Definition.ts"
import type { Query, Relations } from "./Query.ts"
import type { Ref } from "./Ref.ts"
import type { Columns, Row, Rows, Table, Type } from "./Type.ts"
import type { UsedKey } from "./Used.ts"

export { query } from "./Query.ts"

type Fields = Schema.Struct.Fields
type Uses = ReadonlyArray<UsedKey>
type Ports = { readonly [port: string]: Type<any, never> }
type Read<T> = T extends Type<infer A, never> ? A : never
type Written<T> = T extends Type<any, infer W> ? W : never
type Refs<I extends Ports> = { readonly [K in keyof I]: Ref<Read<I[K]>, any> }
type Identifiers<U extends Uses> = U[number]["Identifier"]

/** Every service that `X`, a ref or a record of refs, needs to be computed. */
export type Needs<X> = X extends Ref<any, infer R> ? R : { [K in keyof X]: Needs<X[K]> }[keyof X]

type Seed<S extends boolean> = S extends true ? { readonly seed: number } : unknown
type ParamsIn<P extends Fields, S extends boolean> = Schema.Struct.MakeIn<P> & Seed<S>
type Params<P extends Fields, S extends boolean> = {} extends ParamsIn<P, S> ? [params?: ParamsIn<P, S>]
  : [params: ParamsIn<P, S>]

/** Every `yield*` may need only what `uses` declares: an undeclared service does not compile. */
type Body<A, U extends Uses> = Generator<Effect.Effect<any, unknown, Identifiers<U> | Scope.Scope>, A, any>

/** What a row node's `given` may look at: tables as arrays of rows, artifacts and values as they are. */
type Side<I extends Ports> = {
  readonly [K in keyof I]: Read<I[K]> extends Rows<infer R> ? ReadonlyArray<R> : Read<I[K]>
}

interface Identity<P extends Fields, U extends Uses, S extends boolean> extends Inert {
  readonly name: string
  /** Bump to force a new key; code is followed without it. */
  readonly version?: number
  readonly params?: P
  /** The environment part of the key: the fingerprints of these services. */
  readonly uses?: U
  /** Only then does a seed enter the key and reach `run`; the call must pass `seed`. */
  readonly seeded?: S
}

/** A node definition: call it to connect it; `as` gives the node another name in the graph than its definition's. */
export interface Connect<I extends Ports, A, P extends Fields, U extends Uses, S extends boolean> {
  <X extends Refs<I>>(inputs: X, ...params: Params<P, S>): Ref<A, Identifiers<U> | Needs<X>>
  readonly as: (
    label: string
  ) => <X extends Refs<I>>(inputs: X, ...params: Params<P, S>) => Ref<A, Identifiers<U> | Needs<X>>
  readonly definition: NodeDefinition
}

const paramSchemaOf = (fields: Fields | undefined, seeded: boolean) =>
  Schema.Struct(
    { ...fields, ...(seeded ? { seed: Schema.Int } : {}) } as { readonly [name: string]: Schema.Codec<any, any> }
  )

const connectors = new WeakMap<NodeDefinition, object>()

/** What a module exports for a definition: how its declaration is found where call stacks do not name places on disk. */
export const connectorOf = (definition: NodeDefinition): object => connectors.get(definition) ?? definition

/** Types end here: what the makers below have checked becomes data, and the caller's types come back with the result. */
const connectable = (checked: object): any => {
  const definition = checked as NodeDefinition
  const connect = (label: string) => (inputs: any, params?: unknown) => ({
    label,
    definition,
    inputs,
    params: params ?? {}
  })
  const connector = Object.assign(connect(definition.name), { as: connect, definition })
  connectors.set(definition, connector)
  return connector
}

const common = (spec: Identity<any, any, any>) => ({
  ...(spec.cost === undefined ? {} : { cost: spec.cost }),
  ...(spec.description === undefined ? {} : { description: spec.description }),
  ...(spec.rows === undefined ? {} : { rows: spec.rows }),
  ...(spec.instant === undefined ? {} : { instant: spec.instant }),
  ...(spec.slot === undefined ? {} : { slot: spec.slot }),
  ...(spec.retry === undefined ? {} : { retry: spec.retry }),
  ...(spec.timeoutSeconds === undefined ? {} : { timeoutSeconds: spec.timeoutSeconds }),
  name: spec.name,
  version: spec.version ?? 0,
  paramSchema: paramSchemaOf(spec.params, spec.seeded ?? false),
  uses: spec.uses ?? [],
  seeded: spec.seeded ?? false,
  site: definitionSite()
})

/** A table, value or artifact node: `output` decides what `run` must return; an artifact node fills `dir`. */
export const make = <
  const I extends Ports,
  O extends Type<any, never>,
  const A extends Written<O>,
  P extends Fields = {},
  const U extends Uses = [],
  const S extends boolean = false
>(
  spec: Identity<P, U, S> & {
    readonly inputs: I
    readonly output: O
    readonly run: (
      inputs: { readonly [K in keyof I]: Read<I[K]> },
      context: { readonly params: Schema.Struct.Type<P>; readonly dir: string } & Seed<S>
    ) => Body<A, U> | A
  }
): Connect<I, Read<O>, P, U, S> =>
  connectable({
    ...common(spec),
    kind: "make",
    inputs: spec.inputs,
    output: spec.output,
    run: spec.run
  })

/**
 * One row in, one row out; each row is its own cache entry, keyed by the columns of `input` (without `carry`) and by
 * what `given` picks from the side inputs for it. `run` receives nothing else.
 */
export const mapRows = <
  const I extends Columns,
  const F extends Columns,
  const D extends Ports = {},
  const K extends keyof I & keyof F & string = never,
  P extends Fields = {},
  const U extends Uses = [],
  const S extends boolean = false,
  G = undefined,
  const A extends Omit<Row<F>, K> = Omit<Row<F>, K>
>(
  spec: Identity<P, U, S> & {
    readonly input: Table<I>
    readonly side?: D
    readonly output: Table<F>
    /** Columns copied from input to output around the key, for example ids. */
    readonly carry?: ReadonlyArray<K>
    /** What this row gets of the side inputs: pure, and all that `run` sees of them. */
    readonly given?: (row: Omit<Row<I>, K>, side: Side<D>, params: Schema.Struct.Type<P>) => G
    readonly run: (
      row: Omit<Row<I>, K>,
      context: { readonly params: Schema.Struct.Type<P>; readonly given: G } & Seed<S>
    ) => Body<A, U> | A
  }
): Connect<{ readonly rows: Table<I> } & D, Rows<Row<F>>, P, U, S> =>
  connectable({
    ...common(spec),
    kind: "rows",
    input: spec.input,
    side: spec.side ?? {},
    output: spec.output,
    carry: spec.carry ?? [],
    given: spec.given,
    run: spec.run
  })

/** A statement over the inputs: columns are checked by `tsc`, the statement by DuckDB when the plan is made. */
export const sql = <
  const I extends { readonly [port: string]: Table<any> },
  const F extends Columns,
  P extends Fields = {}
>(
  spec: Identity<P, [], false> & {
    readonly inputs: I
    readonly output: Table<F>
    readonly select: (tables: Relations<I>, params: Schema.Struct.Type<P>) => Query
  }
): Connect<I, Rows<Row<F>>, P, [], false> =>
  connectable({
    ...common(spec),
    kind: "sql",
    inputs: spec.inputs,
    output: spec.output,
    select: spec.select
  })
