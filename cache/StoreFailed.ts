/**
 * What can go wrong in the cache, one error a decision the caller can take: compute again (`BlobDamaged`,
 * `BlobMissing`), make room (`DiskFull`), write the right cells (`TableRefused`), or repair the cache (`StoreRefused`,
 * `StoreIo`).
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { sep } from "node:path"

/**
 * Stored bytes are not the bytes that were written. They lie in `quarantine/` now; the caller treats the result as not
 * computed.
 */
export class BlobDamaged extends Schema.TaggedError<BlobDamaged>()("BlobDamaged", {
  kind: Schema.Literals(["blob", "action", "folder"]),
  digest: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.kind} ${this.digest} is damaged (${this.found}) and was moved to quarantine/; run again to compute it anew`
  }
}

/**
 * A blob that a manifest names is not in the cache: collected by gc, or never copied here. The caller treats it as not
 * computed.
 */
export class BlobMissing extends Schema.TaggedError<BlobMissing>()("BlobMissing", { digest: Schema.String }) {
  override get message() {
    return `blob ${this.digest} is not in the cache; run again to compute it anew`
  }
}

/** True for what a stored result fails with when it has to be computed again. */
export const isLost = (error: unknown): error is BlobDamaged | BlobMissing =>
  error instanceof BlobDamaged || error instanceof BlobMissing

/** No space, or a quota, while writing. Nothing half-written is visible. */
export class DiskFull extends Schema.TaggedError<DiskFull>()("DiskFull", { folder: Schema.String }) {
  override get message() {
    return `no space left in ${this.folder}; free some space and run the same command again: finished rows are kept`
  }
}

/** Cells, names or a folder that the store cannot keep as they are. */
export class TableRefused extends Schema.TaggedError<TableRefused>()("TableRefused", {
  column: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `column ${this.column}: ${this.found}`
  }
}

/** The cache folder, or a value given to it, is not one this version can use. */
export class StoreRefused extends Schema.TaggedError<StoreRefused>()("StoreRefused", {
  path: Schema.String,
  found: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.found}; ${this.next}`
  }
}

/** What the commonest codes mean, in words that say what to do. */
const advice: { readonly [code: string]: string } = {
  ENOTDIR: "a file lies where a folder is needed: remove it, or use another folder",
  EEXIST: "a file lies where a folder is needed: remove it, or use another folder",
  EROFS: "the file system is mounted for reading only: use a folder that may be written",
  EACCES: "permission is missing: use a folder of your own, or change its permissions",
  EPERM: "permission is missing: use a folder of your own, or change its permissions"
}

/** The file system refused: no permission, a read-only mount, a failing disk. */
export class StoreIo extends Schema.TaggedError<StoreIo>()("StoreIo", {
  operation: Schema.String,
  path: Schema.String,
  code: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `could not ${this.operation}: ${this.code} at ${this.path}; ${
      advice[this.code] ?? "check that the folder exists and may be written"
    }`
  }
}

/** Every failure of the cache. */
export type StoreFailed = BlobDamaged | BlobMissing | DiskFull | TableRefused | StoreRefused | StoreIo

const known = [BlobDamaged, BlobMissing, DiskFull, TableRefused, StoreRefused, StoreIo]

interface ErrnoError extends Error {
  readonly code?: string
  readonly path?: string
  readonly dest?: string
}

/** The failure that `cause` stands for. What is no failure of the cache is a bug and stays one: `undefined`. */
const failureOf = (operation: string, root: string, cause: unknown): StoreFailed | undefined => {
  if (known.some((error) => cause instanceof error)) return cause as StoreFailed
  const { code, dest, path } = cause as ErrnoError
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") return new DiskFull({ folder: root })
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) {
    return new StoreIo({ operation, path: path ?? dest ?? root, code, cause })
  }
  return undefined
}

/** What only a file system says, also where it does not say of which file. */
const diskCodes = ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO"]

/**
 * The failure of the cache in `root` that an error of somebody who writes there himself stands for; `undefined` where it
 * is about something else.
 */
export const failureWithin = (operation: string, root: string, error: unknown): StoreFailed | undefined => {
  if (!(error instanceof Error)) return undefined
  const { code = "", dest, path = dest } = error as ErrnoError
  const isOurs = path === undefined ? diskCodes.includes(code) : path.startsWith(`${root}${sep}`)
  return isOurs ? failureOf(operation, root, error) : undefined
}

/** Runs synchronous file work; errors of the cache and the file system fail, anything else is a defect. */
export const attempt = <A>(operation: string, root: string, work: () => A): Effect.Effect<A, StoreFailed> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(work())
    } catch (cause) {
      const failure = failureOf(operation, root, cause)
      return failure === undefined ? Effect.die(cause) : Effect.fail(failure)
    }
  })

/** {@link attempt} for work that returns a promise. */
export const attemptAsync = <A>(
  operation: string,
  root: string,
  work: () => Promise<A>
): Effect.Effect<A, StoreFailed> =>
  Effect.catch(
    Effect.tryPromise({ try: work, catch: (cause) => ({ cause }) }),
    ({ cause }) => {
      const failure = failureOf(operation, root, cause)
      return failure === undefined ? Effect.die(cause) : Effect.fail(failure)
    }
  )
