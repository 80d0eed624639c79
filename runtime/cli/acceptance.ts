/**
 * What it takes to accept a change of code: the digest the old results were made by, and the one they are to count for.
 * `accept` does it for one node, `run --stale=accept` for all that a run would ask about.
 */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import * as Accepted from "../Accepted.ts"
import * as Plan from "../Plan.ts"
import { decided } from "../preflight.ts"
import * as Session from "../Session.ts"
import { onlyCode, type StoredParts } from "../Why.ts"

export interface Acceptance {
  readonly label: string
  readonly now: string
  readonly before: string
}

/** Undefined for a node that is not stale for a change of code alone. */
export const acceptanceOf = ({ resolved, vertex, why }: Plan.Entry): Acceptance | undefined => {
  if (resolved === undefined || resolved.state.fresh || !onlyCode(why)) return undefined
  const before = resolved.state.previous?.parts as StoredParts | undefined
  return before === undefined
    ? undefined
    : { label: vertex.label, now: resolved.parts.code, before: before.key.code }
}

/** Writes acceptances beside package.json. */
export const record = (projectRoot: string, acceptances: ReadonlyArray<Acceptance>): void =>
  Accepted.record(join(projectRoot, Accepted.fileName), acceptances)

/**
 * Accepts everything that a run would ask about, until it would ask no more: an accepted node may let the next one be
 * seen. Yields the labels, each once.
 */
export const acceptAll = Effect.fnUntraced(function*(
  options: Session.SessionOptions,
  selectionOf: (session: Session.Session) => Effect.Effect<ReadonlySet<number> | undefined, unknown>
) {
  const accepted = new Map<string, Acceptance>()
  const once = Effect.gen(function*() {
    const session = yield* Session.open(options)
    const plan = yield* Plan.make({ ...session.plan, selected: yield* selectionOf(session), countRows: false })
    const stale = plan.entries.flatMap((entry) =>
      entry.resolved === undefined || entry.resolved.state.fresh ? [] : [{ ...entry, resolved: entry.resolved }]
    )
    const asked = yield* Effect.match(decided(stale, { stale: "ask" }), {
      onSuccess: (): ReadonlyArray<string> => [],
      onFailure: ({ nodes }) => nodes.map(({ label }) => label)
    })
    const found = stale.flatMap((entry) => asked.includes(entry.vertex.label) ? acceptanceOf(entry) ?? [] : [])
    const more = found.filter(({ label, now }) => accepted.get(label)?.now !== now)
    if (more.length > 0) record(session.projectRoot, more)
    for (const one of more) accepted.set(one.label, one)
    return more.length > 0
  }).pipe(Effect.scoped)
  while (yield* once);
  return [...accepted.keys()]
})
