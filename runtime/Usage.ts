/**
 * What calls cost, reported from inside a node body by the services it uses and recorded by the engine per row and per
 * node, so that `plan` can price an edit from history. It never enters a key.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Units: tokens of model output, US dollars, seconds of machine or server time. */
export interface Usage {
  readonly tokens: number
  readonly usd: number
  readonly seconds: number
}

export const none: Usage = { tokens: 0, usd: 0, seconds: 0 }

export const add = (a: Usage, b: Usage): Usage => ({
  tokens: a.tokens + b.tokens,
  usd: a.usd + b.usd,
  seconds: a.seconds + b.seconds
})

/** Where usage goes; the engine replaces it for every row and every node it runs. */
export const Collector = Context.Reference<(usage: Usage) => void>("sinternal/runtime/Usage", {
  defaultValue: () => () => undefined
})

/** Adds to what the current row or node has cost. */
export const record = (usage: Partial<Usage>): Effect.Effect<void> =>
  Effect.map(Collector, (collect) => collect({ ...none, ...usage }))
