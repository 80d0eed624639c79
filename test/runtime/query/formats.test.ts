/** Results as CSV, JSON, Arrow and Parquet: types, cells that other formats lack, and many rows. */
import { DuckDBInstance } from "@duckdb/node-api"
import { tableFromIPC } from "apache-arrow"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, vi } from "vitest"
import { columnTypeOf, fitCell } from "../../../runtime/query/columnTypeOf.ts"
import { arrow, csv, json } from "../../../runtime/query/formats.ts"
import { parquet } from "../../../runtime/query/parquet.ts"
import { select, selectPieces } from "../../../runtime/query/select.ts"
import { temporaryFolder } from "../../support/pipeline.ts"

/** A result as its pieces come, and as one piece. */
const result = async (statement: string) => selectPieces(statement, new Map())
const inOne = async (statement: string) => Stream.make(await Effect.runPromise(select(statement, new Map())))

const text = async <E>(pieces: Stream.Stream<string, E>): Promise<string> =>
  (await Effect.runPromise(Stream.runCollect(pieces))).join("")

const arrowTable = async (statement: string) =>
  tableFromIPC(await Effect.runPromise(Stream.runCollect(arrow(await result(statement)))))

describe("csv", () => {
  it("quotes what needs it and has one form for each kind of cell", async () => {
    assert.strictEqual(
      await text(csv(
        await result(
          "select 'a \"b\", c' as \"x,y\", 1.50 d, 9007199254740993 n, true b, 'a'::blob z, [1, null] l, {'k': 'v'} s, null u, '' e"
        )
      )),
      "\"x,y\",d,n,b,z,l,s,u,e\r\n\"a \"\"b\"\", c\",1.5,9007199254740993,true,YQ==,\"[1,null]\",\"{\"\"k\"\":\"\"v\"\"}\",,\r\n"
    )
  })

  it("has the names alone where there are no rows", async () => {
    assert.strictEqual(await text(csv(await result("select 1 a, 2 b where false"))), "a,b\r\n")
  })
})

describe("json", () => {
  it("is one array with all digits, a row a line", async () => {
    assert.strictEqual(
      await text(json(
        await result(
          "select * from (values (9007199254740993, 'é' || chr(27) || chr(917505)), (-1, null)) t(\"__proto__\", b)"
        )
      )),
      "[\n{\"__proto__\":9007199254740993,\"b\":\"é\\u001b\\udb40\\udc01\"},\n{\"__proto__\":-1,\"b\":null}\n]\n"
    )
    assert.strictEqual(await text(json(await result("select 1 a where false"))), "[]\n")
    assert.strictEqual(
      await text(json(await result("select 'nan'::double a, 'a'::blob b"))),
      "[\n{\"a\":null,\"b\":\"YQ==\"}\n]\n"
    )
  })
})

describe("arrow", () => {
  it("has types of its own for numbers, lists and structs", async () => {
    const table = await arrowTable(
      "select 1 i, 2::bigint b, sum(3) h, 1.5 d, [0.5] l, {'a \"q\", x': {'e': 'x'::enum('x', ')')}, 'n': [2]} s, date '2020-01-02' t"
    )
    assert.deepStrictEqual(table.schema.fields.map(({ name, type }) => `${name} ${type}`), [
      "i Int32",
      "b Int64",
      "h Int64",
      "d Float64",
      "l List<Float64>",
      "s Struct<{a \"q\", x:Struct<{e:Utf8}>, n:List<Int32>}>",
      "t Utf8"
    ])
    const [row] = table.toArray()
    assert.deepStrictEqual([row.i, row.b, row.h, row.d, row.t], [1, 2n, 3n, 1.5, "2020-01-02"])
    assert.strictEqual(JSON.stringify([row.l, row.s]), "[[0.5],{\"a \\\"q\\\", x\":{\"e\":\"x\"},\"n\":[2]}]")
  })

  it("is one stream of several batches where there are many rows, and one of none", async () => {
    const many = await arrowTable("select i, i::varchar t from range(20000) r(i)")
    assert.deepStrictEqual([many.numRows, many.batches.length], [20000, 10])
    const one = tableFromIPC(
      await Effect.runPromise(Stream.runCollect(arrow(await inOne("select i from range(20000) r(i)"))))
    )
    assert.deepStrictEqual([one.numRows, one.batches.length], [20000, 3])
    assert.deepStrictEqual([many.get(8192)!["i"], many.get(19999)!["t"]], [8192n, "19999"])
    const none = await arrowTable("select 1 a where false")
    assert.deepStrictEqual([none.numRows, none.schema.names], [0, ["a"]])
  })

  it("refuses an integer that it has no room for", async () => {
    const wide = await result("select * from (values (1::hugeint), (1::hugeint << 70)) t(h)")
    const error = await Effect.runPromise(Effect.flip(Stream.runDrain(arrow(wide))))
    assert.strictEqual(
      error.message,
      "column h has an integer of more than 64 bits in row 2, which is more than arrow and parquet files here have\n  write its expression with ::DOUBLE or ::VARCHAR"
    )
  })
})

describe("parquet", () => {
  /** What another DuckDB reads from the file. */
  const readBack = async (statement: string, question: string) => {
    const folder = temporaryFolder()
    try {
      const file = join(folder.path, "it's.parquet")
      writeFileSync(file, Buffer.concat(await Effect.runPromise(Stream.runCollect(parquet(await result(statement))))))
      const instance = await DuckDBInstance.create(":memory:")
      const connection = await instance.connect()
      const reader = await connection.runAndReadAll(question.replace("$file", `'${file.replace("'", "''")}'`))
      return reader.getRowsJson()
    } finally {
      folder.remove()
    }
  }

  it("keeps types, nulls, lists, structs and the order of many rows", async () => {
    assert.deepStrictEqual(
      await readBack(
        "select 1 i, 2::bigint b, 1.5 d, [0.5, null] l, {'k': 'v'} s, 'x'::blob z, null::varchar n, date '2020-01-02' t",
        "select column_name || ' ' || column_type from (describe from $file)"
      ),
      ["i INTEGER", "b BIGINT", "d DOUBLE", "l DOUBLE[]", "s STRUCT(k VARCHAR)", "z BLOB", "n VARCHAR", "t VARCHAR"]
        .map((
          column
        ) => [column])
    )
    assert.deepStrictEqual(
      await readBack(
        "select i, 'text ' || i t, if(i % 2 = 0, null, [i]) l from range(20000) r(i)",
        "select count(*)::int, bool_and(t = 'text ' || i), count(l)::int, bool_and(i = file_row_number) "
          + "from read_parquet($file, file_row_number = true)"
      ),
      [[20000, true, 10000, true]]
    )
    assert.deepStrictEqual(await readBack("select 1 a where false", "select count(*)::int from $file"), [[0]])
  })

  it("refuses an integer that it has no room for, and leaves no folder", async () => {
    const wide = await result("select 1::hugeint << 70 h")
    const folder = temporaryFolder()
    vi.stubEnv("TMPDIR", folder.path)
    try {
      const error = await Effect.runPromise(Effect.flip(Stream.runDrain(parquet(wide))))
      assert.include(error.message, "column h has an integer of more than 64 bits in row 1")
      assert.deepStrictEqual(readdirSync(folder.path), [])
    } finally {
      vi.unstubAllEnvs()
      folder.remove()
    }
  })
})

describe("columnTypeOf", () => {
  it("leaves as text what has no cell of its own", () => {
    for (
      const type of [
        "DATE",
        "MAP(VARCHAR, INTEGER)",
        "INTEGER[2]",
        "STRUCT(\"a\" INTEGER)[2]",
        "ENUM('a', 'b[]')",
        "UUID"
      ]
    ) {
      assert.deepStrictEqual(columnTypeOf(type), { kind: "string", nullable: true }, type)
    }
    assert.deepStrictEqual(columnTypeOf("INTEGER[2][]"), {
      kind: "list",
      nullable: true,
      item: { kind: "string", nullable: true }
    })
  })

  it("keeps null at every depth", () => {
    const type = columnTypeOf("STRUCT(\"a\" BIGINT[])[]")
    assert.deepStrictEqual(fitCell(type, [null, { a: null }, { a: [1, null, 2n] }]), [
      null,
      { a: null },
      { a: [1n, null, 2n] }
    ])
  })
})
