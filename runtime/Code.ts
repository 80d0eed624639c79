/**
 * The code part of a key, as a service: digests of node definitions and of the functions that shape a service's output.
 * The real one reads the project's sources (`runtime/code/`); tests may give fixed digests.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { NodeDefinition } from "./Definition.ts"
import type { PlanRefused } from "./Error.ts"
import type { CodeRef } from "./Used.ts"

/** One declaration that a digest covers: what `why` compares to name an edited helper. */
export interface CodePart {
  readonly at: string
  readonly name: string
  readonly hash: string
}

export class Code extends Context.Service<Code, {
  readonly ofNode: (definition: NodeDefinition) => Effect.Effect<string, PlanRefused>
  readonly ofExport: (ref: CodeRef) => Effect.Effect<string, PlanRefused>
  /** Everything a node's digest covers, nearest first. */
  readonly partsOf: (definition: NodeDefinition) => ReadonlyArray<CodePart>
  /** Files that no longer hold the text that was digested. */
  readonly edited: () => ReadonlyArray<string>
}>()("sinternal/runtime/Code") {}
