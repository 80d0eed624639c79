/**
 * The part of a key that says what a node's output may be: equal schemas agree, an added check or column differs.
 */
import type * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { digest } from "../cache/Digest.ts"
import type { AnyType } from "./Definition.ts"

const known = new WeakMap<AnyType, string>()

const schemaJson = (schema: Schema.Top) =>
  SchemaRepresentation.toJson(SchemaRepresentation.toRepresentation(schema.ast))

/** Digest of an output type: kind, and for tables and values what its schemas accept. Memoised by object. */
export const typeFingerprint = (type: AnyType): string => {
  const before = known.get(type)
  if (before !== undefined) return before
  const fingerprint = digest(
    "type",
    type.kind === "table"
      ? [type.kind, type.id, Object.entries(type.columns).map(([name, schema]) => [name, schemaJson(schema)])]
      : type.kind === "value"
      ? [type.kind, schemaJson(type.schema)]
      : [type.kind, type.name]
  )
  known.set(type, fingerprint)
  return fingerprint
}
