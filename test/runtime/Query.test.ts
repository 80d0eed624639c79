import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import * as Query from "../../runtime/Query.ts"
import * as Type from "../../runtime/Type.ts"

const Answer = Type.table("answer", { id: Schema.String, text: Schema.String, "odd \"name\"": Schema.Finite }, {
  id: ["id"]
})
const answers = Query.relation("answers", Answer) as Query.Relation<typeof Answer>

describe("a query", () => {
  it("quotes relations and columns, and makes literals of values", () => {
    const { "~sql": sql } = Query.query`select ${answers.text}, ${
      answers["odd \"name\""]
    } from ${answers} where ${answers.id} = ${"it's; drop table x"} and ${true} limit ${3}`
    assert.strictEqual(
      sql,
      `select "answers"."text", "answers"."odd ""name""" from "answers" where "answers"."id" = 'it''s; drop table x' and true limit 3`
    )
  })

  it("keeps a negative number a number after a minus, and a backslash a backslash", () => {
    assert.strictEqual(Query.query`select 1 -${-1}, '\bcat\b'`["~sql"], "select 1 -(-1), '\\bcat\\b'")
  })

  it("has no literal for what SQL cannot say", () => {
    assert.throws(() => Query.query`select ${Number.NaN}`, /no literal for NaN/)
  })

  it("writes lists of text as lists, and queries inside queries as they are", () => {
    const inner = Query.query`select ${["a", "b'c"]} as l`
    assert.strictEqual(Query.query`from (${inner})`["~sql"], "from (select ['a', 'b''c']::varchar[] as l)")
  })
})
