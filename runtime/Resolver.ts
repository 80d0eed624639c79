/**
 * The state of one vertex when its inputs are known: its key, and whether the cache holds a result for it. Plan and
 * engine ask the same resolver, so what `plan` says is what `run` does. Nothing runs here but DuckDB's binder.
 *
 * What all vertices of a definition share in their keys is worked out once; then a vertex that is fresh costs no effect.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Action, Manifest, TableManifest } from "../cache/Manifest.ts"
import { Store, type StoreFailed } from "../cache/Store.ts"
import * as Accepted from "./Accepted.ts"
import { Code } from "./Code.ts"
import { type AnyType, type NodeDefinition, portsOf, readColumns, type SqlDefinition } from "./Definition.ts"
import { PlanRefused, type SourceFailed } from "./Error.ts"
import type { Vertex } from "./Graph.ts"
import { type InputPart, type KeyParts, nodeKey } from "./Key.ts"
import { typeFingerprint } from "./schemaFingerprint.ts"
import type { Statement, Statements } from "./Statement.ts"
import { storedAction } from "./storedAction.ts"
import type { Used, UsedKey } from "./Used.ts"
import { differences, type Reason, type StoredParts } from "./Why.ts"

/** What is known of a vertex's result: enough for the keys of those that read it. */
export interface Known {
  readonly content: string
  readonly manifest: Manifest | undefined // undefined: a source not yet acquired
}

type Inputs = { readonly [port: string]: Known }

export interface Resolved {
  readonly key: string
  readonly parts: KeyParts
  readonly statement: Statement | undefined
  readonly services: ReadonlyArray<Used>
  readonly state: { readonly fresh: true; readonly action: Action } | {
    readonly fresh: false
    readonly why: ReadonlyArray<Reason>
    readonly previous: Action | undefined
  }
}

export type ResolveError = PlanRefused | SourceFailed | StoreFailed

export interface ResolverOptions {
  readonly statements: Statements
  /** The services of the experiment's layers. */
  readonly services: Context.Context<never>
  readonly accepted: Accepted.Accepted
  /** Key of the last finished result under a label. */
  readonly previous: (label: string) => Effect.Effect<string | undefined>
  /** Labels to run although the cache holds a result. */
  readonly forced: ReadonlySet<string>
}

/** A port of a definition, with the columns of a table that enter the key, in the order of their names. */
interface Port {
  readonly name: string
  readonly type: AnyType
  readonly columns: ReadonlyArray<string>
}

/** The part of their keys that all vertices of one definition share. */
interface Shared {
  /** Undefined for SQL, whose statement counts instead. */
  readonly code: string | undefined
  readonly output: string
  readonly carry: ReadonlyArray<string>
  readonly uses: { readonly [service: string]: string }
  readonly services: ReadonlyArray<Used>
  readonly ports: ReadonlyArray<Port>
}

const portsToRead = (definition: NodeDefinition): ReadonlyArray<Port> =>
  Object.entries(portsOf(definition)).map(([name, type]) => ({
    name,
    type,
    columns: [...(readColumns(definition, name) ?? [])].sort()
  }))

const inputPart = ({ columns, name, type }: Port, known: Known, statement: Statement | undefined): InputPart => {
  if (type.kind !== "table" || known.manifest === undefined) return { content: known.content }
  const table = known.manifest as TableManifest
  const read: { [column: string]: string } = {}
  for (const column of statement === undefined ? columns : [...statement.reads[name] ?? []].sort()) {
    read[column] = table.columns[column] ?? "missing"
  }
  return { rows: table.rows, columns: read }
}

/** Parts of the key, given what is known of the inputs that count: all of them, or none for what rows share. */
const keyParts = (vertex: Vertex, shared: Shared, statement: Statement | undefined, known: Inputs): KeyParts => {
  const definition = vertex.definition as NodeDefinition
  const inputs: { [port: string]: InputPart } = {}
  for (const port of shared.ports) {
    const input = known[port.name]
    if (input !== undefined) inputs[port.name] = inputPart(port, input, statement)
  }
  return {
    kind: definition.kind,
    name: definition.name,
    version: definition.version,
    code: statement?.text ?? shared.code!,
    params: statement === undefined ? vertex.encodedParams : null,
    seed: vertex.seed ?? null,
    output: shared.output,
    carry: shared.carry,
    uses: shared.uses,
    inputs
  }
}

/** The service behind a tag. */
export const serviceOf = (services: Context.Context<never>, key: UsedKey): Used | undefined =>
  services.mapUnsafe.get(key.key)

export const make = Effect.fnUntraced(function*(options: ResolverOptions) {
  const code = yield* Code
  const store = yield* Store
  const sharedParts = new Map<NodeDefinition, Shared>()

  const usesOf = Effect.fnUntraced(function*(label: string, definition: NodeDefinition) {
    const services: Array<Used> = []
    const uses: { [service: string]: string } = {}
    for (const key of definition.uses) {
      const service = serviceOf(options.services, key)
      if (service === undefined) {
        return yield* new PlanRefused({
          label,
          reason: `no layer provides ${key.key}`,
          next: "add one to the experiment's `layers`"
        })
      }
      services.push(service)
      const digests: Array<string> = []
      for (const ref of service.code ?? []) {
        digests.push(Accepted.resolve(options.accepted, yield* code.ofExport(ref)).slice(0, 16))
      }
      uses[key.key] = [service.fingerprint, ...digests].join(" ")
    }
    return { uses, services }
  })

  const sharedOf = Effect.fnUntraced(function*(label: string, definition: NodeDefinition) {
    const known = sharedParts.get(definition)
    if (known !== undefined) return known
    const shared: Shared = {
      code: definition.kind === "sql"
        ? undefined
        : Accepted.resolve(options.accepted, yield* code.ofNode(definition)),
      output: typeFingerprint(definition.output),
      carry: definition.kind === "rows" ? definition.carry : [],
      ports: portsToRead(definition),
      ...(yield* usesOf(label, definition))
    }
    sharedParts.set(definition, shared)
    return shared
  })

  const statementOf = (vertex: Vertex) =>
    options.statements.of(vertex.label, vertex.definition as SqlDefinition, vertex.params)

  const partsOf = Effect.fnUntraced(function*(vertex: Vertex, inputs: Inputs) {
    const definition = vertex.definition as NodeDefinition
    const statement = definition.kind === "sql" ? yield* statementOf(vertex) : undefined
    const shared = yield* sharedOf(vertex.label, definition)
    return { parts: keyParts(vertex, shared, statement, inputs), statement, services: shared.services }
  })

  const storedParts = (vertex: Vertex, parts: KeyParts): StoredParts => ({
    key: parts,
    code: parts.kind === "sql" ? [] : code.partsOf(vertex.definition as NodeDefinition)
  })

  /** What `resolve` finds, at once, where the vertex is fresh and that can be told from memory; else undefined. */
  const peek = (vertex: Vertex, inputs: Inputs): Resolved | undefined => {
    const definition = vertex.definition as NodeDefinition
    const shared = sharedParts.get(definition)
    if (shared === undefined || options.forced.has(vertex.label)) return undefined
    const statement = definition.kind === "sql" ? options.statements.peek(definition, vertex.params) : undefined
    if (definition.kind === "sql" && statement === undefined) return undefined
    const parts = keyParts(vertex, shared, statement, inputs)
    const key = nodeKey(parts)
    const action = store.peekAction(key)
    return action === undefined
      ? undefined
      : { key, parts, statement, services: shared.services, state: { fresh: true, action } }
  }

  /** Fresh with its action, or stale with every reason. */
  const resolve = Effect.fnUntraced(function*(vertex: Vertex, inputs: Inputs) {
    const { parts, services, statement } = yield* partsOf(vertex, inputs)
    const key = nodeKey(parts)
    const action = yield* storedAction(key)
    if (action !== undefined && !options.forced.has(vertex.label)) {
      return { key, parts, statement, services, state: { fresh: true, action } } as Resolved
    }
    const previousKey = yield* options.previous(vertex.label)
    const previous = previousKey === undefined ? undefined : yield* storedAction(previousKey)
    const why = action !== undefined
      ? [{ part: "forced", text: "forced" }]
      : differences(
        previous?.parts as StoredParts | undefined,
        storedParts(vertex, parts),
        Object.fromEntries(Object.entries(vertex.inputs).map(([port, input]) => [port, input.label]))
      )
    return { key, parts, statement, services, state: { fresh: false, why, previous } } as Resolved
  })

  /** What the keys of a row node's rows are made of, before its inputs are known. */
  const functionParts = (vertex: Vertex) => Effect.map(partsOf(vertex, {}), ({ parts }) => parts)

  return { peek, resolve, functionParts, check: statementOf, storedParts }
})

export type Resolver = Effect.Success<ReturnType<typeof make>>
