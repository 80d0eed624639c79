/**
 * Rows in and out of cells: the direct way says what the schema says, values and errors alike, for columns of every
 * sort.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import { type Cell, tableSchema } from "../../cache/Columns.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import { dataChecker, rowReader, rowWriter } from "../../runtime/Cells.ts"
import type { AnyTable } from "../../runtime/Definition.ts"
import * as Type from "../../runtime/Type.ts"
import { random } from "../cache/support/randomTables.ts"

const columns = {
  id: Schema.String,
  name: Schema.NonEmptyString,
  score: Schema.Finite,
  any: Schema.Number,
  share: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  ok: Schema.Boolean,
  wide: Schema.BigInt,
  label: Schema.Literals(["safe", "unsafe"]),
  note: Schema.NullOr(Schema.String),
  ids: Schema.Array(Schema.Int),
  probabilities: Schema.NullOr(Schema.Array(Schema.NullOr(Schema.Finite))),
  usage: Schema.Struct({ tokens: Schema.Int, model: Schema.NullOr(Schema.String) }),
  at: Schema.DateFromString,
  asJson: Schema.fromJsonString(Schema.Struct({ a: Schema.Int })),
  trimmed: Schema.Trimmed
}

const right: { readonly [column: string]: ReadonlyArray<unknown> } = {
  id: ["", "a", "grüße 💥"],
  name: ["a", "bc"],
  score: [0, -0, 1.5, 1e300],
  any: [1, Number.NaN, Number.POSITIVE_INFINITY],
  share: [0, 0.5, 1],
  count: [0, 7, Number.MAX_SAFE_INTEGER],
  ok: [true, false],
  wide: [0n, -(2n ** 63n)],
  label: ["safe", "unsafe"],
  note: [null, "", "text"],
  ids: [[], [1, 2, 3]],
  probabilities: [null, [], [0.5, null]],
  usage: [{ tokens: 1, model: null }, { tokens: 2, model: "m" }],
  at: [new Date("2026-01-02T03:04:05.000Z")],
  asJson: [{ a: 1 }],
  trimmed: ["x", ""]
}

const wrong: { readonly [column: string]: ReadonlyArray<unknown> } = {
  id: [1, null, undefined],
  name: [""],
  score: [Number.NaN, Number.POSITIVE_INFINITY, "1"],
  any: ["1", null],
  share: [-0.1, 2],
  count: [-1, 0.5, 2 ** 53],
  ok: [0, "true"],
  wide: [1, "1"],
  label: ["other", null],
  note: [1, undefined],
  ids: [["1"], [0.5], "1", null],
  probabilities: [[Number.NaN], {}],
  usage: [{ tokens: 1 }, { tokens: 1, model: null, more: 1 }, { tokens: "1", model: null }, null, []],
  at: ["2026-01-02", new Date(Number.NaN)],
  asJson: [{ a: "1" }, null],
  trimmed: [" x"]
}

const tableOf = (columns: Type.Columns): AnyTable => Type.table("t", columns, { id: [] })

const table = tableOf(columns)
const names = Object.keys(columns)
const reference = Schema.Struct(columns) as unknown as Schema.Codec<any, any>

/** What a function gives, or the words with which it refuses. */
const outcome = (work: () => unknown): unknown => {
  try {
    return { given: work() }
  } catch (error) {
    return { refused: (error as Error).message }
  }
}

const encodedByName = (row: unknown) => {
  const cells = Schema.encodeUnknownSync(reference, { onExcessProperty: "error" })(row)
  return names.map((name) => cells[name])
}

const rightRow = (seed: number): Record<string, unknown> => {
  const from = random(seed)
  return Object.fromEntries(names.map((name) => [name, from.pick(right[name]!)]))
}

describe("rowWriter", () => {
  it("writes the cells that the schema encodes", () => {
    const write = rowWriter(table)
    for (let seed = 0; seed < 200; seed++) assert.deepStrictEqual(write(rightRow(seed)), encodedByName(rightRow(seed)))
  })

  it("refuses what the schema refuses, in its words", () => {
    const write = rowWriter(table)
    for (const name of names) {
      for (const value of wrong[name]!) {
        const row = { ...rightRow(name.length), [name]: value }
        const found = outcome(() => write(row))
        assert.deepStrictEqual(found, outcome(() => encodedByName(row)), name)
        assert.match((found as { readonly refused: string }).refused, new RegExp(`at \\["${name}"\\]`), name)
      }
    }
  })

  it("refuses a column too many, a column too few, and what is no row", () => {
    const write = rowWriter(table)
    const row = rightRow(1)
    const { id: _, ...without } = row
    for (const each of [{ ...row, extra: 1 }, without, { ...without, Id: "a" }, null, undefined, 1, "row", [row]]) {
      const found = outcome(() => write(each))
      assert.deepStrictEqual(found, outcome(() => encodedByName(each)))
      assert.property(found, "refused")
    }
    assert.throws(() => write({ ...row, extra: 1 }), /extra/)
  })

  it("takes rows whose columns are inherited as the schema does", () => {
    const inherited = Object.create(rightRow(1)) as object
    assert.deepStrictEqual(outcome(() => rowWriter(table)(inherited)), outcome(() => encodedByName(inherited)))
  })
})

const dataOf = (rows: ReadonlyArray<unknown>, schemas: Type.Columns = columns) =>
  tableSchema(schemas).map(({ name, type }) =>
    encodeColumn(type, rows.map((row) => (row as Readonly<Record<string, Cell>>)[name]!))
  )

describe("rowReader", () => {
  it("reads what was written", () => {
    const rows = Array.from({ length: 200 }, (_, seed) => rightRow(seed))
    const encoded = rows.map((row) => Schema.encodeUnknownSync(reference)(row))
    const read = rowReader(table, dataOf(encoded))
    rows.forEach((row, index) => assert.deepStrictEqual(read(index), { ...row, score: (row["score"] as number) + 0 }))
  })

  it("refuses cells that this table does not allow, in the schema's words", () => {
    const loose = {
      score: Schema.Number,
      label: Schema.NullOr(Schema.String),
      ids: Schema.Array(Schema.NullOr(Schema.Int))
    }
    const strict = { score: Schema.Finite, label: Schema.Literals(["safe"]), ids: Schema.Array(Schema.Int) }
    const rows = [
      { score: 1, label: "safe", ids: [1] },
      { score: Number.NaN, label: "safe", ids: [] },
      { score: 1, label: "other", ids: [] },
      { score: 1, label: null, ids: [] },
      { score: 1, label: "safe", ids: [1, null] }
    ]
    const read = rowReader(tableOf(strict), dataOf(rows, loose))
    const decode = Schema.decodeUnknownSync(Schema.Struct(strict))
    assert.deepStrictEqual(read(0), rows[0])
    for (let row = 1; row < rows.length; row++) {
      const found = outcome(() => read(row))
      assert.deepStrictEqual(found, outcome(() => decode(rows[row])))
      assert.property(found, "refused")
    }
  })
})

describe("dataChecker", () => {
  it("takes what the schema takes", () => {
    const encoded = Array.from({ length: 50 }, (_, seed) => Schema.encodeUnknownSync(reference)(rightRow(seed)))
    dataChecker(table)(dataOf(encoded), encoded.length, 0)
  })

  it("names column and row of a number that is not finite, a label that is none, a null", () => {
    const loose = { a: Schema.Number, b: Schema.String, c: Schema.NullOr(Schema.String), d: Schema.String }
    const strict = { a: Schema.Finite, b: Schema.Literals(["x"]), c: Schema.String, d: Schema.DateFromString }
    const check = dataChecker(tableOf(strict))
    const fine = { a: 1, b: "x", c: "", d: "2026-01-02T00:00:00.000Z" }
    check(dataOf([fine, fine], loose), 2, 0)
    for (
      const [column, value, message] of [
        ["a", Number.NaN, /^column a: row 101: Expected a finite number/],
        ["b", "y", /^column b: row 101: Expected "x"/],
        ["c", null, /^column c: row 101: Expected string/],
        ["d", "never", /^column d: row 101: /]
      ] as const
    ) {
      const rows = [fine, { ...fine, [column]: value }]
      assert.throws(() => check(dataOf(rows, loose), 2, 100), TableRefused, message)
    }
  })
})
