/**
 * Canonical encoding and tagged SHA-256: the one place where a value becomes bytes that are hashed. It knows nothing of
 * what a key is made of; the pre-images of keys are built above, and columns of tables are hashed by `columnDigest.ts`.
 */
import { createHash, hash } from "node:crypto"

/** A SHA-256 digest as 64 lower-case hex characters. */
export type Digest = string

const digestPattern = /^[0-9a-f]{64}$/

/**
 * `text` itself. **Fails**: throws a `TypeError` when it does not have the form of a digest: digests become file names.
 */
export const requireDigest = (text: string): Digest => {
  if (!digestPattern.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a digest of 64 hex characters`)
  return text
}

/**
 * A value with no canonical form met `canonicalJson`. A defect of the caller rather than a failure of the cache, so it
 * is thrown; `path` is where in the value, for example `$.params.temperature`.
 */
export class NotCanonical extends Error {
  override readonly name = "NotCanonical"
  readonly path: string
  constructor(path: string, found: string) {
    super(
      `${found} at ${path} has no canonical form; use null, booleans, text, finite numbers, bigints, bytes, arrays, objects`
    )
    this.path = path
  }
}

/** Keys starting with `$` are doubled when written, so a plain object can never look like one of the tagged forms. */
const escapeKey = (key: string): string => key.startsWith("$") ? `$${key}` : key

const encodeObject = (value: object, path: string): string => {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NotCanonical(path, `an instance of ${prototype.constructor?.name ?? "a class"}`)
  }
  const parts: Array<string> = []
  for (const key of Object.keys(value).sort()) {
    const field = (value as Readonly<Record<string, unknown>>)[key]
    // An absent key and a key holding undefined mean the same in every JSON-like pre-image.
    if (field === undefined) continue
    parts.push(`${JSON.stringify(escapeKey(key))}:${encode(field, `${path}.${key}`)}`)
  }
  return `{${parts.join(",")}}`
}

const encodeNumber = (value: number, path: string): string => {
  if (!Number.isFinite(value)) throw new NotCanonical(path, String(value))
  return JSON.stringify(value === 0 ? 0 : value)
}

const encode = (value: unknown, path: string): string => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value)
    case "number":
      return encodeNumber(value, path)
    case "bigint":
      return `{"$bigint":"${value}"}`
    case "object":
      if (value === null) return "null"
      if (Array.isArray(value)) return `[${Array.from(value, (item, i) => encode(item, `${path}[${i}]`)).join(",")}]`
      if (value instanceof Uint8Array) return `{"$bytes":"${Buffer.from(value).toString("base64")}"}`
      return encodeObject(value, path)
    default:
      throw new NotCanonical(path, typeof value === "undefined" ? "undefined" : `a ${typeof value}`)
  }
}

/**
 * The canonical JSON text of `value`: keys in UTF-16 order, no undefined, -0 as 0, bigint as `{"$bigint":"1"}`, bytes
 * as `{"$bytes":"base64"}`. Two values have the same text exactly when they are the same value in this sense.
 *
 * **Fails**: throws {@link NotCanonical} on NaN, infinities, functions, symbols, class instances, and undefined outside
 * an object.
 */
export const canonicalJson = (value: unknown): string => encode(value, "$")

const revive = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first !== undefined && typeof first[1] === "string") {
    if (first[0] === "$bigint") return BigInt(first[1])
    if (first[0] === "$bytes") return new Uint8Array(Buffer.from(first[1], "base64"))
  }
  return Object.fromEntries(entries.map(([key, field]) => [key.startsWith("$$") ? key.slice(1) : key, revive(field)]))
}

/**
 * The value that `canonicalJson` wrote: its left inverse. **Fails**: throws `SyntaxError` when the text is not JSON.
 */
export const parseCanonicalJson = (text: string): unknown => revive(JSON.parse(text))

/** SHA-256 of bytes, or of the UTF-8 form of a text. */
export const digestBytes = (bytes: Uint8Array | string): Digest => hash("sha256", bytes, "hex")

/** {@link digestBytes} of pieces that lie one behind the other. */
export const digestPieces = (pieces: ReadonlyArray<Uint8Array>): Digest => {
  const hash = createHash("sha256")
  for (const piece of pieces) hash.update(piece)
  return hash.digest("hex")
}

/**
 * SHA-256 of a tagged value. Injective: the tag must not contain a NUL, so equal digests mean equal tag and equal
 * value.
 */
export const digest = (tag: string, value: unknown): Digest => {
  if (tag.includes("\0")) throw new NotCanonical("$tag", "a NUL character")
  return digestBytes(`${tag}\0${canonicalJson(value)}`)
}
