/**
 * What a service must say of itself before a node may use it: enough to enter a cache key, to be priced, and to be
 * missed with a clear message, all without being acquired (a fully cached run loads no model and opens no connection).
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** An export whose code shapes a service's output, for example the function that builds its prompt. `file` is the declaring module's `import.meta.url`. */
export interface CodeRef {
  readonly file: string
  readonly name: string
}

/** What one call is expected to cost before any history exists. Unit: seconds and US dollars per row. */
export interface Estimate {
  readonly secondsPerRow: number
  readonly usdPerRow: number
  /** Where the numbers come from, printed by `plan`. */
  readonly basis: string
}

export interface Used {
  /** Everything beside `code` that may change the output: model digest, template, sampling back end and its version. Never the transport. */
  readonly fingerprint: string
  /** Exports whose code digest joins the fingerprint, so that editing a prompt builder needs no version bump. */
  readonly code?: ReadonlyArray<CodeRef>
  /** Calls cost money: a changed code digest alone asks before calling again. */
  readonly expensive?: boolean
  readonly estimate?: Estimate
  /** What is missing to run now, one line each; empty when ready. Called only when a node that uses the service is stale. */
  readonly missing?: Effect.Effect<ReadonlyArray<string>>
}

/** The tag of a service that may appear in a node's `uses`. */
export type UsedKey = Context.Key<any, Used>
