/**
 * The results that a node read when its last result was made: what its key says of them, found among what the runs of
 * that time recorded.
 */
import type { Action, Manifest, RunRecord } from "../../cache/Manifest.ts"
import type { InputPart, KeyParts } from "../Key.ts"

/** The parts of the key of a stored action, as `why` compares them. */
export const keyPartsOf = (action: Action): KeyParts => (action.parts as { readonly key: KeyParts }).key

const fits = (manifest: Manifest, part: InputPart): boolean => {
  if ("content" in part) return manifest.content === part.content
  return manifest.kind === "table" && manifest.rows === part.rows
    && Object.entries(part.columns).every(([column, digest]) => manifest.columns[column] === digest)
}

/**
 * The result on `port` when `action` was made; `label` is its node's name now. Undefined where no record of that time is
 * left.
 *
 * **Shape**: `runs` are those to look through, that of the action among them.
 */
export const inputThen = (
  runs: ReadonlyArray<RunRecord>,
  action: Action,
  port: string,
  label: string
): Manifest | undefined => {
  const part = keyPartsOf(action).inputs[port]
  if (part === undefined) return undefined
  const own = runs.filter(({ run }) => run === action.run)
  for (const { nodes } of [...own, ...runs]) {
    // under its name of now first: another may hold the same columns
    const named = nodes.filter((node) => node.label === label)
    for (const { manifest } of [...named, ...nodes]) {
      if (manifest !== undefined && fits(manifest, part)) return manifest
    }
  }
  return undefined
}
