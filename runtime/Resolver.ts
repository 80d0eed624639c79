/**
 * The state of one vertex when its inputs are known: its key, and whether the cache holds a result for it. Plan and
 * engine ask the same resolver, so what `plan` says is what `run` does. Nothing runs here but DuckDB's binder.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Action, Manifest, TableManifest } from "../cache/Manifest.ts"
import type { StoreFailed } from "../cache/StoreFailed.ts"
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
  /** Key of the last finished result under each label. */
  readonly previous: ReadonlyMap<string, string>
  /** Labels to run although the cache holds a result. */
  readonly forced: ReadonlySet<string>
}

const inputPart = (
  vertex: Vertex,
  port: string,
  type: AnyType,
  known: Known,
  statement: Statement | undefined
): InputPart => {
  if (type.kind !== "table" || known.manifest === undefined) return { content: known.content }
  const table = known.manifest as TableManifest
  const columns = statement === undefined
    ? readColumns(vertex.definition as NodeDefinition, port)!
    : statement.reads[port] ?? []
  return {
    rows: table.rows,
    columns: Object.fromEntries([...columns].sort().map((column) => [column, table.columns[column] ?? "missing"]))
  }
}

/** The service behind a tag, or a refusal that says which layer is not there. */
export const serviceOf = (services: Context.Context<never>, key: UsedKey): Used | undefined =>
  services.mapUnsafe.get(key.key)

export const make = Effect.fnUntraced(function*(options: ResolverOptions) {
  const code = yield* Code

  const usesOf = Effect.fnUntraced(function*(label: string, definition: NodeDefinition) {
    const found: Array<Used> = []
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
      found.push(service)
      const digests: Array<string> = []
      for (const ref of service.code ?? []) {
        digests.push(Accepted.resolve(options.accepted, yield* code.ofExport(ref)).slice(0, 16))
      }
      uses[key.key] = [service.fingerprint, ...digests].join(" ")
    }
    return { uses, found }
  })

  /** Parts of the key, given what is known of every input. */
  const partsOf = Effect.fnUntraced(function*(vertex: Vertex, inputs: { readonly [port: string]: Known }) {
    const definition = vertex.definition as NodeDefinition
    const statement = definition.kind === "sql"
      ? yield* options.statements.of(vertex.label, definition, vertex.params)
      : undefined
    const { found, uses } = yield* usesOf(vertex.label, definition)
    const ports = portsOf(definition)
    const parts: KeyParts = {
      kind: definition.kind,
      name: definition.name,
      version: definition.version,
      code: statement?.text ?? Accepted.resolve(options.accepted, yield* code.ofNode(definition)),
      params: statement === undefined ? vertex.encodedParams : null,
      seed: vertex.seed ?? null,
      output: typeFingerprint(definition.output),
      carry: definition.kind === "rows" ? definition.carry : [],
      uses,
      inputs: Object.fromEntries(
        Object.entries(ports).map(([port, type]) => [port, inputPart(vertex, port, type, inputs[port]!, statement)])
      )
    }
    return { parts, statement, services: found }
  })

  const storedParts = (vertex: Vertex, parts: KeyParts): StoredParts => ({
    key: parts,
    code: parts.kind === "sql" ? [] : code.partsOf(vertex.definition as NodeDefinition)
  })

  /** Fresh with its action, or stale with every reason. */
  const resolve = Effect.fnUntraced(function*(vertex: Vertex, inputs: { readonly [port: string]: Known }) {
    const { parts, services, statement } = yield* partsOf(vertex, inputs)
    const key = nodeKey(parts)
    const action = yield* storedAction(key)
    if (action !== undefined && !options.forced.has(vertex.label)) {
      return { key, parts, statement, services, state: { fresh: true, action } } as Resolved
    }
    const previousKey = options.previous.get(vertex.label)
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

  /** Binds an SQL node's statement before its inputs are known. */
  const check = (vertex: Vertex) =>
    options.statements.of(vertex.label, vertex.definition as SqlDefinition, vertex.params)

  return { resolve, check, storedParts }
})

export type Resolver = Effect.Success<ReturnType<typeof make>>
