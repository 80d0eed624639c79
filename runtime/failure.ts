/**
 * How a failure inside a node body becomes the engine's one error: what failed, where, what to do next. Interruption
 * passes through; the engine's own errors are not wrapped twice.
 */
import * as Cause from "effect/Cause"
import { type BlobDamaged, type BlobMissing, isLost } from "../cache/StoreFailed.ts"
import { NodeFailed, SourceFailed } from "./Error.ts"
import { reasonOf } from "./reasonOf.ts"

/** The same cause with its failures and defects as one `NodeFailed`. */
export const asNodeFailed = (
  label: string,
  key: string,
  cause: Cause.Cause<unknown>
): Cause.Cause<NodeFailed | SourceFailed> => {
  if (Cause.hasInterruptsOnly(cause)) return cause as Cause.Cause<never>
  const error = Cause.squash(cause)
  if (error instanceof NodeFailed || error instanceof SourceFailed) return Cause.fail(error)
  const reason = reasonOf(error)
  return Cause.fail(
    new NodeFailed({ label, key, reason, next: "finished work is kept; mend it and run the same command again" })
  )
}

/** The lost input behind a cause, also where a body died of it; undefined where it is something else. */
export const lostIn = (cause: Cause.Cause<unknown>): BlobDamaged | BlobMissing | undefined => {
  if (Cause.hasInterruptsOnly(cause)) return undefined
  const error = Cause.squash(cause)
  return isLost(error) ? error : undefined
}
