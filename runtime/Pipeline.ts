/**
 * A whole method: settings with their labels and a function that connects nodes, top to bottom. A pipeline is built
 * from its config lazily, once per run and per sweep arm, so that `--set` and `--rehearse` can change the config first.
 */
import type { PrintedSetting, Resolved, Settings } from "./Config.ts"
import type { Ref } from "./Ref.ts"

export type Targets = { readonly [name: string]: Ref<any, any> }

export interface Pipeline<S extends Settings, T extends Targets> {
  readonly name: string
  readonly settings: S
  readonly build: (config: Resolved<S>, printed: ReadonlyArray<PrintedSetting>) => T
}

/** Declares a pipeline. `build` may only connect nodes; what it returns are the results people want. */
export const make = <const S extends Settings, const T extends Targets>(spec: Pipeline<S, T>): Pipeline<S, T> => spec
