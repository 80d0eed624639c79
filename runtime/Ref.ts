/**
 * The promise of a result: a definition applied to inputs and parameters. Refs are what pipelines connect; the graph
 * (`Graph.ts`) makes vertices of them.
 */
import type { Definition } from "./Definition.ts"

/** A promise of `A`, made by one node; `R` is every service needed to keep it. */
export interface Ref<out A, out R = never> {
  readonly label: string
  readonly definition: Definition
  readonly inputs: { readonly [port: string]: Ref<any, any> }
  /** Parameters after defaults, decoded; canonical when hashed. */
  readonly params: unknown
  readonly "~read"?: () => A
  readonly "~needs"?: () => R
}

export type AnyRef = Ref<any, any>
