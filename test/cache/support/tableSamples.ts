/**
 * Columns of every type, with nulls, empty values and the ends of what fits: what tests of tables and of their digests
 * go through.
 */
import type { Cell, ColumnType } from "../../../cache/Columns.ts"

export const flat = (
  kind: "string" | "bool" | "int32" | "int64" | "bigint" | "float64" | "binary",
  nullable = true
): ColumnType => ({ kind, nullable })
export const list = (item: ColumnType): ColumnType => ({ kind: "list", nullable: true, item })
export const struct = (fields: Readonly<Record<string, ColumnType>>): ColumnType => ({
  kind: "struct",
  nullable: true,
  fields: Object.entries(fields).map(([name, type]) => ({ name, type }))
})

export const samples: ReadonlyArray<readonly [ColumnType, ReadonlyArray<Cell>]> = [
  [flat("string"), ["", null, "a\0b", "grüße 💥", "日本語", "\u2028"]],
  [flat("bool"), [true, null, false, true, true, false, false, true, true]],
  [flat("int32"), [0, null, -(2 ** 31), 2 ** 31 - 1]],
  [flat("int64"), [0, null, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  [flat("bigint"), [0n, null, -(2n ** 63n), 2n ** 63n - 1n]],
  [flat("float64"), [0, null, 1e-320, 1.7976931348623157e308, Number.NaN, Number.NEGATIVE_INFINITY, 0.1]],
  [flat("binary"), [new Uint8Array(), null, new Uint8Array([0, 255])]],
  [list(flat("string")), [[], null, ["a", null, ""], [null]]],
  [list(flat("float64")), [[1, 2.5], [], null, [null, 3], [4]]],
  [list(list(flat("int32", false))), [[[1, 2], []], null, [null]]],
  [struct({ a: flat("string", false), b: list(flat("bool")) }), [{ a: "x", b: [true, null] }, null, {
    a: "",
    b: null
  }]],
  [list(struct({ x: flat("float64") })), [[{ x: 1 }, null, { x: null }], [], null]]
]
