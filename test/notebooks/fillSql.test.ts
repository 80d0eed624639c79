/** Values in statements are literals, or are refused. */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import type { Cell } from "../../cache/Columns.ts"
import * as Duck from "../../cache/Duck.ts"
import { fillSql, type SqlValue, SqlValueRefused } from "../../notebooks/library/fillSql.ts"

const fill = (template: TemplateStringsArray, ...values: ReadonlyArray<SqlValue>) => fillSql(template.raw, values)

/** The one cell that a statement gives. */
const cell = async (statement: string): Promise<Cell> => {
  const { columns } = await Effect.runPromise(Duck.query(statement, {}, { display: true }))
  return Object.values(columns)[0]![0]!
}

const refusal = (work: () => unknown): SqlValueRefused => {
  try {
    work()
  } catch (error) {
    if (error instanceof SqlValueRefused) return error
    throw error
  }
  throw new Error("it was accepted")
}

describe("fillSql", () => {
  it("gives every value back as it went in", async () => {
    const hostile = [
      "it's",
      "' or 1=1 --",
      "'; drop table t; --",
      "\\' or 1=1 --",
      "*/ select 1 /*",
      "$$ $a$",
      "\"a\"",
      "line\nline",
      "before\0after",
      "\u0001",
      "😀",
      ""
    ]
    for (const text of hostile) assert.strictEqual(await cell(fill`select ${text}`), text)
    for (const number of [0, -1, 0.1, 1e300, 2 ** 53, -5e-324]) {
      assert.strictEqual(await cell(fill`select ${number}::double`), number)
    }
    assert.strictEqual(await cell(fill`select ${-(2n ** 62n)}`), -(2n ** 62n))
    assert.isNaN(await cell(fill`select ${NaN}`))
    assert.strictEqual(await cell(fill`select ${-Infinity}`), -Infinity)
    assert.isTrue(await cell(fill`select ${true}`))
    assert.isNull(await cell(fill`select ${null}`))
    assert.deepStrictEqual(await cell(fill`select ${["a'", null, "b"]}`), ["a'", null, "b"])
    assert.strictEqual(await cell(fill`select count(*) from range(5) t(i) where i = any(${[1, 3, 9]})`), 2)
  })

  it("joins a value to nothing beside it", async () => {
    // Pasted together these would be a comment, a text with escapes, and a name.
    assert.strictEqual(await cell(fill`select 1 -${-1}`), 2)
    await cell(fill`select e${"\\' , (select 1) --"}`).then(
      () => assert.fail("it ran"),
      (error: unknown) => assert.instanceOf(error, Duck.SqlRefused)
    )
    assert.notInclude(fill`select x${1}`, "x1")
  })

  it("refuses a value between quotes, with its place", () => {
    const error = refusal(() => fill`select ${1} from t where a = '${" or 1=1 --"}'`)
    assert.strictEqual(error.place, 2)
    assert.include(error.message, "without quotes")
    assert.strictEqual(refusal(() => fill`select ${1}$$ ${"a"} $$`).place, 2)
    for (
      const inside of [
        () => fill`select "${"a"}"`,
        () => fill`select e'\'${"a"}'`,
        () => fill`select E'it\\${"a"}`,
        () => fill`select $$ ${"a"} $$`,
        () => fill`select $tag$ $$ ${"a"} $tag$`,
        () => fill`select $größe$ ${"a"} $größe$`,
        () => fill`select é$$, '$$ ${"a"}'`,
        () => fill`select 'it''s ${"a"}'`
      ]
    ) assert.strictEqual(refusal(inside).place, 1)
  })

  it("refuses a value in a comment", () => {
    assert.include(refusal(() => fill`select 1 -- ${"\n, 2"}`).message, "comment")
    assert.include(refusal(() => fill`select 1 /* ${"*/ , 2"} */`).message, "comment")
    // DuckDB's comments nest, so the value still stands in one.
    assert.include(refusal(() => fill`select 1 /* a /* b */ ${"x"} */`).message, "comment")
  })

  it("accepts quotes and comments beside values", async () => {
    assert.strictEqual(await cell(fill`select 'it''s' || ${"!"} -- it's`), "it's!")
    assert.strictEqual(await cell(fill`/* don't */ select '--' || ${"a"} || '/*' as "o'clock"`), "--a/*")
    assert.strictEqual(await cell(fill`select $$it's$$ || ${"a"} || e'\\' || 'c'`), "it'sa\\c")
  })

  it("takes a backslash as it is written", async () => {
    assert.isTrue(await cell(fill`select regexp_matches(${"a cat"}, '\bcat\b')`))
  })

  it("refuses what has no literal", () => {
    assert.include(refusal(() => fill`select ${undefined as never}`).message, "undefined")
    assert.include(refusal(() => fill`select ${new Date(0) as never}`).message, "Date")
    assert.include(refusal(() => fill`select ${{ "~sql": "1" } as never}`).message, "Object")
  })
})
