/**
 * What travels along the edges of the bench's graphs.
 */
import * as Schema from "effect/Schema"
import * as Type from "../../../../runtime/Type.ts"

export const File = Type.artifact("file")
export const Number = Type.value("number", Schema.Int)
export const Line = Type.table("line", { id: Schema.String, text: Schema.String }, { id: ["id"] })
export const Checked = Type.table("checked", { id: Schema.String, check: Schema.String }, { id: ["id"] })
export const Clause = Type.table("clause", { id: Schema.String, text: Schema.String }, { id: ["id"] })
