/**
 * What a node is, once its types are erased: the data from which keys are made and bodies are run. `runtime/Node.ts`
 * makes definitions and guards their types; `runtime/Source.ts` makes the leaves; the plan, the engine and the keys
 * read them.
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Site } from "./code/definitionSite.ts"
import type { SourceFailed } from "./Error.ts"
import type { Query } from "./Query.ts"
import type { Artifact, Columns, Table, Value } from "./Type.ts"
import type { UsedKey } from "./Used.ts"

export type AnyTable = Table<Columns>
export type AnyType = AnyTable | Artifact<string> | Value<any>

/** How often work that failed in a way that passes is tried again; what is left out is as `Attempts.ts` has it. */
export interface Retry {
  /** Attempts that may fail in one way, the first included; 1: none is made again. */
  readonly tries?: number
  /** The first wait; each further one is twice as long. Unit: seconds. */
  readonly firstSeconds?: number
  /** The longest wait; a server that asks for a longer one is given up on. Unit: seconds. */
  readonly longestSeconds?: number
}

/** Properties that cannot change a result; none of them enters a key or a code digest. */
export interface Inert {
  /** `expensive`: when only code changed, `run` asks (`--stale`) before spending again. */
  readonly cost?: "expensive"
  readonly description?: string
  /** Costs nothing and decides keys below it (parsing a specification): `plan` runs it, so that it can see past it. */
  readonly instant?: boolean
  /** Rows this node is expected to yield, from the rows of its inputs where they are known; for `plan` before history exists. */
  readonly rows?: (inputs: { readonly [port: string]: number | undefined }, params: any) => number | undefined
  /** What the work counts against, for example `gpu` or `api`; `--slots gpu=1` says how much may go on at once. */
  readonly slot?: string
  readonly retry?: Retry
  /** Time for one attempt: at a row in row nodes, at the whole in others. Unit: seconds. Default: no limit. */
  readonly timeoutSeconds?: number
}

interface Common extends Inert {
  readonly name: string
  /** Forces a new key; needed only where the code digest cannot see a change. */
  readonly version: number
  readonly paramSchema: Schema.Struct<{ readonly [name: string]: Schema.Codec<any, any> }>
  readonly uses: ReadonlyArray<UsedKey>
  readonly seeded: boolean
  readonly site: Site
}

export interface MakeDefinition extends Common {
  readonly kind: "make"
  readonly inputs: { readonly [port: string]: AnyType }
  readonly output: AnyType
  readonly run: (inputs: any, context: any) => unknown
}

export interface RowsDefinition extends Common {
  readonly kind: "rows"
  readonly input: AnyTable
  readonly side: { readonly [port: string]: AnyType }
  readonly output: AnyTable
  /** Input columns copied around the key into the output. */
  readonly carry: ReadonlyArray<string>
  /** What a row may see of the side inputs and nothing else; pure. */
  readonly given: ((row: any, side: any, params: any) => unknown) | undefined
  readonly run: (row: any, context: any) => unknown
}

export interface SqlDefinition extends Common {
  readonly kind: "sql"
  readonly inputs: { readonly [port: string]: AnyTable }
  readonly output: AnyTable
  readonly select: (tables: any, params: any) => Query
}

/** Something from outside, pinned by content before anything runs. */
export interface SourceDefinition {
  readonly kind: "source"
  readonly name: string
  readonly output: Artifact<string>
  /** Where it comes from: sources of one address are one vertex, so that the arms of a sweep share what reads them. */
  readonly address: string
  /** Digest of what the source holds now; cheap, called by every plan. */
  readonly identify: Effect.Effect<string, SourceFailed>
  /**
   * Puts the content into an empty folder; called only when something stale needs it. It must be what `identify` named.
   * May yield the SHA-256 of files, by their path, that it has taken of the bytes as it wrote them.
   */
  readonly acquire: (into: string) => Effect.Effect<ReadonlyMap<string, string> | void, SourceFailed>
  /** Says what is wrong where the files that were put there, with their SHA-256, are not what `identify` named. */
  readonly verify?: (files: ReadonlyArray<readonly [path: string, digest: string]>, content: string) =>
    | SourceFailed
    | undefined
  /**
   * Shows the content where it lies, without a copy, as long as the scope; `undefined` where it has to be acquired.
   * `content` is what `identify` has named.
   */
  readonly lend?: (content: string) => Effect.Effect<LentFolder | undefined, SourceFailed, Scope.Scope>
}

/** A folder of somebody else's, for the body of one node. */
export interface LentFolder {
  readonly path: string
  /** To be run after the body: **fails** where somebody wrote to it meanwhile, and the body may have seen anything. */
  readonly untouched: Effect.Effect<void, SourceFailed>
}

export type NodeDefinition = MakeDefinition | RowsDefinition | SqlDefinition
export type Definition = NodeDefinition | SourceDefinition

/** The port that carries the rows of a row node. */
export const rowsPort = "rows"

/** The input types of a definition by port; a source has none. */
export const portsOf = (definition: Definition): { readonly [port: string]: AnyType } =>
  definition.kind === "source"
    ? {}
    : definition.kind === "rows"
    ? { [rowsPort]: definition.input, ...definition.side }
    : definition.inputs

/** The columns of a table input that enter the key of its consumer; `undefined` for what is not a table. */
export const readColumns = (definition: NodeDefinition, port: string): ReadonlyArray<string> | undefined => {
  const type = portsOf(definition)[port]
  if (type === undefined || type.kind !== "table") return undefined
  const columns = Object.keys(type.columns)
  return definition.kind === "rows" && port === rowsPort
    ? columns.filter((column) => !definition.carry.includes(column))
    : columns
}
