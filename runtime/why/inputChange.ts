/**
 * What stands behind a changed input: which of its rows, cells, numbers or files are not what they were when the node
 * last ran.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { Manifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { diffTable } from "../diff/diffTable.ts"
import { differingPaths, type Reason, short } from "../Why.ts"

/** Rows, paths or files named of each kind. */
const named = 3

export interface InputChange {
  readonly rows?: {
    readonly added: number
    readonly removed: number
    readonly changed: number
    /** Names of some of them. */
    readonly samples: { readonly [kind in "added" | "removed" | "changed"]: ReadonlyArray<string> }
    /** The first cell that differs. */
    readonly first?: { readonly row: string; readonly column: string; readonly from: Cell; readonly to: Cell }
  }
  /** Of a value: where it differs. */
  readonly values?: ReadonlyArray<{ readonly path: string; readonly from: string; readonly to: string }>
  /** Of a folder: files that differ, came or went. */
  readonly files?: ReadonlyArray<string>
}

const filesOf = (before: Manifest, after: Manifest): ReadonlyArray<string> => {
  if (before.kind !== "folder" || after.kind !== "folder") return []
  const then = new Map(before.files.map(({ blob, path }) => [path, blob]))
  const now = new Map(after.files.map(({ blob, path }) => [path, blob]))
  return [...new Set([...now.keys(), ...then.keys()])].filter((path) => then.get(path) !== now.get(path))
}

/** What differs between an input then and now; `undefined` where its bytes are gone or it is of another kind. */
export const inputChange = Effect.fnUntraced(
  function*(before: Manifest, after: Manifest, { columns }: Reason, id: ReadonlyArray<string>) {
    const store = yield* Store
    if (before.kind === "table" && after.kind === "table") {
      const diff = yield* diffTable(before, after, {
        id,
        samples: named,
        ...(columns === undefined ? {} : { columns })
      })
      if (diff === undefined) return undefined
      const { first, rows, samples } = diff
      const { added, changed, removed } = rows
      return { rows: { added, removed, changed, samples, ...(first === undefined ? {} : { first }) } } as InputChange
    }
    if (before.kind === "value" && after.kind === "value") {
      const paths = differingPaths(yield* store.readValue(before), yield* store.readValue(after))
      const values = paths.slice(0, named).map(({ from, path, to }) => ({ path, from: short(from), to: short(to) }))
      return { values } as InputChange
    }
    return before.kind === after.kind ? ({ files: filesOf(before, after) } as InputChange) : undefined
  },
  (effect) => Effect.catchIf(effect, isLost, () => Effect.succeed(undefined))
)
