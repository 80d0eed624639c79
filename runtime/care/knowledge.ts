/**
 * What gc, verify and archives must know of the records that the runtime writes: who holds a run, which row function an
 * action used, which sources it read, what an experiment's present results are.
 */
import type { Knowledge } from "../../cache/care/Knowledge.ts"
import { digest } from "../../cache/Digest.ts"
import type { Action } from "../../cache/Manifest.ts"
import { presentNodes } from "../history/presentNodes.ts"
import { type KeyParts, rowFunctionKey } from "../Key.ts"
import * as RunFacts from "../RunFacts.ts"

const states = { running: "running", unfinished: "unknown" } as const

/** The parts of an action's key; none for a source, which has another record. */
const keyPartsOf = ({ parts }: Action): KeyParts | undefined =>
  (parts as { readonly key?: KeyParts } | null | undefined)?.key

export const knowledge: Knowledge = {
  stateOf: (record) => {
    const state = RunFacts.stateOf(record)
    return state === "running" || state === "unfinished" ? states[state] : "ended"
  },
  holderOf: ({ holder }) => typeof holder === "string" ? holder : undefined,
  usesOf: (action) => {
    const parts = keyPartsOf(action)
    if (parts === undefined) return { rowFunction: undefined, sources: [] }
    return {
      rowFunction: parts.kind === "rows" ? rowFunctionKey(parts) : undefined,
      // an input may be a node's result instead: then there is no such action
      sources: Object.values(parts.inputs).flatMap((input) =>
        "content" in input ? [digest("source", input.content)] : []
      )
    }
  },
  presentOf: presentNodes
}
