/** Which Schemas a column may have, by their encoded side, and what the refusals say. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import {
  type ColumnType,
  ColumnType as ColumnTypeSchema,
  columnType,
  tableSchema,
  UnsupportedColumn
} from "../../cache/Columns.ts"

class Clause extends Schema.Class<Clause>("Clause")({ id: Schema.String, weight: Schema.Finite }) {}

const flat = (kind: string, nullable = false) => ({ kind, nullable })

const accepted: ReadonlyArray<readonly [name: string, schema: Schema.Top, type: unknown]> = [
  ["String", Schema.String, flat("string")],
  ["literals", Schema.Literals(["safe", "unsafe"]), flat("string")],
  ["a union of a literal and String", Schema.Union([Schema.Literal("a"), Schema.String]), flat("string")],
  ["Finite", Schema.Finite, flat("float64")],
  ["Number", Schema.Number, flat("float64")],
  ["Int", Schema.Int, flat("int64")],
  ["a positive Int", Schema.Int.check(Schema.isGreaterThan(0)), flat("int64")],
  ["a branded Int", Schema.Int.pipe(Schema.brand("Step")), flat("int64")],
  ["a 32-bit integer", Schema.Number.check(Schema.isInt32()), flat("int32")],
  [
    "a bounded number that need not be an integer",
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
    flat("float64")
  ],
  ["number literals", Schema.Literals([1, 2.5]), flat("float64")],
  ["Boolean", Schema.Boolean, flat("bool")],
  ["BigInt", Schema.BigInt, flat("bigint")],
  ["Uint8Array", Schema.Uint8Array, flat("binary")],
  ["the encoded side counts: base64 text", Schema.Uint8ArrayFromBase64, flat("string")],
  ["the encoded side counts: a number in text", Schema.FiniteFromString, flat("string")],
  ["JSON in text", Schema.fromJsonString(Schema.Struct({ a: Schema.Int })), flat("string")],
  ["NullOr", Schema.NullOr(Schema.Int), flat("int64", true)],
  ["Option", Schema.OptionFromNullOr(Schema.String), flat("string", true)],
  ["Array", Schema.Array(Schema.NullOr(Schema.String)), { kind: "list", nullable: false, item: flat("string", true) }],
  ["a class", Clause, {
    kind: "struct",
    nullable: false,
    fields: [{ name: "id", type: flat("string") }, { name: "weight", type: flat("float64") }]
  }],
  ["a nullable Struct of an Array", Schema.NullOr(Schema.Struct({ xs: Schema.Array(Schema.Int) })), {
    kind: "struct",
    nullable: true,
    fields: [{ name: "xs", type: { kind: "list", nullable: false, item: flat("int64") } }]
  }]
]

const refused: ReadonlyArray<readonly [name: string, schema: Schema.Top, column: string, found: RegExp, use: RegExp]> =
  [
    ["optional keys", Schema.Struct({ a: Schema.optionalKey(Schema.Int) }), "x.a", /optional key/, /NullOr/],
    ["Records", Schema.Record(Schema.String, Schema.Int), "x", /Record/, /Schema\.Array/],
    ["Tuples", Schema.Array(Schema.Tuple([Schema.Int])), "x[]", /Tuple/, /Struct/],
    ["dates", Schema.Date, "x", /Declaration/, /DateFromString/],
    ["mixed unions", Schema.Union([Schema.String, Schema.Int]), "x", /different types/, /encode the value as text/],
    ["Unknown", Schema.Unknown, "x", /Unknown/, /fromJsonString/],
    ["undefined", Schema.UndefinedOr(Schema.Int), "x", /Undefined/, /NullOr/]
  ]

describe("columnType", () => {
  it.each(accepted)("takes %s", (_, schema, type) => {
    assert.deepStrictEqual(columnType(schema), type as ColumnType)
    assert.deepStrictEqual(
      Schema.decodeUnknownSync(ColumnTypeSchema)(JSON.parse(JSON.stringify(type))),
      type as ColumnType
    )
  })

  it.each(refused)("refuses %s, naming the column and the way out", (_, schema, column, found, use) => {
    try {
      tableSchema({ x: schema })
    } catch (error) {
      assert.instanceOf(error, UnsupportedColumn)
      const failure = error as UnsupportedColumn
      assert.strictEqual(failure.column, column)
      assert.match(failure.found, found)
      assert.match(failure.use, use)
      assert.include(failure.message, `column ${column} is`)
      return
    }
    assert.fail("was accepted")
  })
})

describe("tableSchema", () => {
  it("keeps the order of columns", () => {
    assert.deepStrictEqual(tableSchema({ b: Schema.String, a: Schema.Int }), [
      { name: "b", type: flat("string") as ColumnType },
      { name: "a", type: flat("int64") as ColumnType }
    ])
  })

  it("refuses names that SQL or JavaScript would mix up", () => {
    assert.throws(() => tableSchema({ score: Schema.Int, Score: Schema.Int }), /differs from score in case only/)
    assert.throws(() => tableSchema({ ["__proto__"]: Schema.Int }), /cannot be kept/)
    assert.throws(() => tableSchema({ "": Schema.Int }), /cannot be kept/)
  })
})
