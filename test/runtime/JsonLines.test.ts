/**
 * Files of JSON lines as tables: the bytes that the engine moves give the table that parsing every line gives, whatever
 * the lines look like; and a line that is no row is named with its file, number and column.
 */
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, it } from "vitest"
import { type Cell, tableSchema } from "../../cache/Columns.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { FlatLine } from "../../runtime/json/FlatLine.ts"
import { lineBlocks } from "../../runtime/json/lineBlocks.ts"
import { JsonLines, read } from "../../runtime/JsonLines.ts"
import * as Node from "../../runtime/Node.ts"
import * as Source from "../../runtime/Source.ts"
import * as Type from "../../runtime/Type.ts"
import { type Random, random } from "../cache/support/randomTables.ts"
import { temporaryStore } from "../cache/support/tempStore.ts"
import { laboratory } from "./support/world.ts"

const root = mkdtempSync(join(tmpdir(), "sinternal-lines-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let files = 0

/** A folder with one file, as a node receives it. */
const folderOf = (content: string | Buffer): Type.Folder<"file"> => {
  const path = join(root, String(files++))
  mkdirSync(path)
  writeFileSync(join(path, "rows.jsonl"), content)
  return { kind: "file", content: "", path }
}

const Mixed = Type.table("mixed", {
  id: Schema.String,
  "a \"name\"": Schema.NullOr(Schema.String),
  label: Schema.Literals(["safe", "unsafe"]),
  count: Schema.Int,
  small: Schema.NullOr(Schema.Int.check(Schema.isInt32())),
  score: Schema.Finite,
  ok: Schema.NullOr(Schema.Boolean)
}, { id: ["id"] })

const Nested = Type.table("nested", {
  id: Schema.String,
  ids: Schema.Array(Schema.Int),
  usage: Schema.Struct({ tokens: Schema.Int, model: Schema.NullOr(Schema.String) }),
  at: Schema.DateFromString
}, { id: ["id"] })

type JsonRow = Readonly<Record<string, unknown>>

const texts = [
  "",
  "a",
  "grüße 💥",
  "日本語",
  "two\nlines",
  "a \"quote\"",
  "back\\slash",
  "\u0001",
  "lone \ud800",
  "\u2028",
  "x".repeat(300)
]

const mixedRow = (from: Random, row: number): JsonRow => ({
  id: `r${row}`,
  "a \"name\"": from.pick([null, ...texts]),
  label: from.pick(["safe", "unsafe"]),
  count: from.pick([0, -0, 7, -1, 999_999_999_999_999, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]),
  small: from.pick([null, 0, -(2 ** 31), 2 ** 31 - 1]),
  score: from.pick([0, -0, 1.5, -3, 1e300, 5e-324, 123_456_789_012_345]),
  ok: from.pick([null, true, false])
})

const nestedRow = (from: Random, row: number): JsonRow => ({
  id: `r${row}`,
  ids: Array.from({ length: from.int(3) }, () => from.int(100)),
  usage: { tokens: from.int(9), model: from.pick([null, "m"]) },
  at: from.pick(["2026-01-02T03:04:05.000Z", "1999-12-31T00:00:00.000Z"])
})

/** One of the many texts of a value: what JSON leaves open is decided by `from`. */
const jsonOf = (from: Random, value: unknown): string => {
  if (Object.is(value, -0)) return "-0"
  const text = JSON.stringify(value)
  if (typeof value === "number") {
    return from.int(4) === 0 && Number.isSafeInteger(value) && value !== 0
      ? `${value}.0`
      : text
  }
  if (typeof value !== "string" || text.includes("\\") || from.int(3) > 0) return text
  return text.replaceAll(/[a-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

const lineOf = (from: Random, row: JsonRow): string => {
  const space = () => from.pick(["", "", "", " ", "\t "])
  const names = Object.keys(row)
  if (from.int(3) === 0) names.sort(() => from.int(3) - 1)
  const members = names.map((name) =>
    `${space()}${JSON.stringify(name)}${space()}:${space()}${jsonOf(from, row[name])}${space()}`
  )
  if (from.int(8) === 0) members.unshift(members.at(-1)!) // a key that stands twice: the last one counts
  return `${space()}{${members.join(",")}}${space()}${from.pick(["", "", "\r"])}`
}

/** A table's manifest, moved from the file and written row by row: its chunks and digests are its rows. */
const bothWays = (folder: Type.Folder<"file">, table: Type.Table<any>) =>
  Effect.gen(function*() {
    const store = yield* Store
    const schema = tableSchema(table.columns)
    const moved = yield* store.tableWriter(schema)
    const rows = new JsonLines<JsonRow>(folder, table as never)
    for (const _ of rows.moveInto(moved)) { /* all of it */ }
    const pushed = yield* store.tableWriter(schema)
    const encode = Schema.encodeUnknownSync(
      Schema.Struct(table.columns) as unknown as Schema.Codec<unknown, Record<string, Cell>>
    )
    for (const row of rows) {
      const cells = encode(row)
      pushed.pushRow(schema.map(({ name }) => cells[name]!))
    }
    const finish = (writer: typeof moved): Effect.Effect<TableManifest> => Effect.promise(() => writer.finish())
    return { moved: yield* finish(moved), pushed: yield* finish(pushed) }
  })

layer(temporaryStore)("a file of JSON lines", (it) => {
  it.effect("gives the table that its parsed lines give", () =>
    Effect.gen(function*() {
      const store = yield* Store
      for (let seed = 0; seed < 60; seed++) {
        const from = random(seed)
        const [table, rowOf] = from.pick([[Mixed, mixedRow], [Mixed, mixedRow], [Nested, nestedRow]] as const)
        const rows = Array.from({ length: from.int(40) }, (_, row) => rowOf(from, row))
        const lines = rows.map((row) => lineOf(from, row) + from.pick(["\n", "\n", "\n \n"])).join("")
        const content = from.int(3) === 0 ? lines.trimEnd() : lines
        const { moved, pushed } = yield* bothWays(folderOf(from.int(4) === 0 ? `\ufeff${content}` : content), table)
        assert.deepStrictEqual(moved, pushed, `seed ${seed}`)
        const cells = yield* store.readTable(moved)
        const expected = Object.keys(table.columns).map((name) =>
          rows.map((row) => {
            const cell = row[name]
            return cell === 0 ? 0 : typeof cell === "string" ? cell.toWellFormed() : cell
          })
        )
        assert.deepStrictEqual(Object.values(cells).map((column) => [...column]), expected, `seed ${seed}`)
      }
    }))

  it.effect("takes lines that are longer than what is read at once, and many of them", () =>
    Effect.gen(function*() {
      const Text = Type.table("text", { id: Schema.String, text: Schema.String }, { id: ["id"] })
      const rows = Array.from(
        { length: 9000 },
        (_, i) => ({ id: `r${i}`, text: i === 4000 ? "ü".repeat(3 << 20) : `${i} `.repeat(40) })
      )
      const { moved, pushed } = yield* bothWays(folderOf(rows.map((row) => JSON.stringify(row)).join("\n")), Text)
      assert.deepStrictEqual(moved, pushed)
      assert.strictEqual(moved.rows, 9000)
      const cells = yield* (yield* Store).readTable(moved)
      assert.isTrue(rows.every(({ text }, i) => cells["text"]![i] === text))
    }))

  const wrong: ReadonlyArray<readonly [what: string, line: string, message: string]> = [
    ["no JSON", "{\"id\":\"a\",\"n\":1", "rows.jsonl, line 3: it is not JSON: "],
    ["no object", "[1, 2]", "rows.jsonl, line 3: expected an object with a key for each column, found [1, 2]"],
    ["a key that is missing", "{\"id\":\"a\"}", "rows.jsonl, line 3, column n: the line has no such key"],
    [
      "a key too many",
      "{\"id\":\"a\",\"n\":1,\"not\":\"x\"}",
      "rows.jsonl, line 3, column not: the table few has no such column; did you mean note? it has id, n, note"
    ],
    [
      "another type",
      "{\"id\":\"a\",\"n\":\"1\",\"note\":null}",
      "rows.jsonl, line 3, column n: Expected number, found \"1\""
    ],
    [
      "null where none may be",
      "{\"id\":null,\"n\":1,\"note\":null}",
      "rows.jsonl, line 3, column id: Expected string, found null"
    ],
    [
      "a fraction for a whole number",
      "{\"id\":\"a\",\"n\":1.5,\"note\":null}",
      "rows.jsonl, line 3, column n: Expected an integer, found 1.5"
    ],
    ["a tab inside a text", "{\"id\":\"a\tb\",\"n\":1,\"note\":null}", "rows.jsonl, line 3: it is not JSON: "],
    ["a number JSON does not have", "{\"id\":\"a\",\"n\":01,\"note\":null}", "rows.jsonl, line 3: it is not JSON: "],
    ["two rows on one line", "{\"id\":\"a\",\"n\":1,\"note\":null} {}", "rows.jsonl, line 3: it is not JSON: "]
  ]
  const Few = Type.table("few", { id: Schema.String, n: Schema.Int, note: Schema.NullOr(Schema.String) }, {
    id: ["id"]
  })
  const right = "{\"id\":\"0\",\"n\":1,\"note\":null}\n\n"
  for (const [what, line, message] of wrong) {
    it.effect(`says where it found ${what}`, () =>
      Effect.gen(function*() {
        const store = yield* Store
        const folder = folderOf(`${right}${line}\n${right}`)
        const moving = new JsonLines(folder, Few as never)
        const writer = yield* store.tableWriter(tableSchema(Few.columns))
        const ways: ReadonlyArray<() => unknown> = [() => [...moving.moveInto(writer)], () => [...read(folder, Few)]]
        for (const use of ways) {
          const error = yield* Effect.flip(Effect.try({ try: use, catch: (error) => error as Error }))
          assert.isTrue(error.message.startsWith(message), error.message)
        }
      }))
  }

  it.effect("refuses text that is not UTF-8, and only that line's", () =>
    Effect.gen(function*() {
      const line = Buffer.concat([
        Buffer.from("{\"id\":\"\u00fc"),
        Buffer.from([0xfc]),
        Buffer.from("\",\"n\":1,\"note\":null}\n")
      ])
      const folder = folderOf(Buffer.concat([Buffer.from(right), line]))
      const writer = yield* (yield* Store).tableWriter(tableSchema(Few.columns))
      const moving = new JsonLines(folder, Few as never)
      for (const use of [() => [...moving.moveInto(writer)], () => [...moving]]) {
        const error = yield* Effect.flip(Effect.try({ try: use, catch: (error) => error as Error }))
        assert.strictEqual(error.message, "rows.jsonl, line 3: it is not UTF-8; save it as UTF-8")
      }
    }))
})

describe("the fast way through a line", () => {
  it("takes plain lines, also with spaces and keys in another order, and leaves the rest", () => {
    const check = (value: unknown) => typeof value === "string" || value === 12
    const line = new FlatLine([{ name: "id", check, anyText: true }, { name: "n", check, anyText: false }])
    const takes = (text: string) => {
      const bytes = Buffer.from(`${text}\n`)
      const next = line.read(bytes, 0)
      assert.isTrue(next === -1 || next === bytes.length)
      return next < 0 ? undefined : [bytes.toString("utf8", line.starts[0], line.ends[0]), line.cells[1]]
    }
    assert.deepStrictEqual(takes("{\"id\":\"grüße\",\"n\":12}"), ["grüße", 12])
    assert.deepStrictEqual(takes(" { \"n\" : \"x\" , \"id\":\"a\"} \r"), ["a", "x"])
    for (
      const other of [
        "",
        "{}",
        "{\"id\":\"a\"}",
        "{\"id\":\"a\",\"n\":12,\"n\":12}",
        "{\"id\":\"a\",\"n\":13}",
        "{\"id\":\"a\\n\",\"n\":12}",
        "{\"id\":\"a\",\"n\":12.0}",
        "{\"id\":\"a\",\"n\":012}",
        "{\"id\":\"a\",\"n\":-}",
        "{\"id\":\"a\",\"n\":12},",
        "{\"id\":\"a\",\"m\":12}"
      ]
    ) assert.isUndefined(takes(other), other)
  })

  it("ends a text at its quote, and leaves one with a byte that JSON escapes, wherever it stands", () => {
    const line = new FlatLine([{ name: "t", check: () => true, anyText: true }])
    for (let address = 0; address < 4; address++) {
      for (let place = 0; place < 12; place++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.from(`${" ".repeat(address)}{"t":"${"a~\u00ffbcd".repeat(2)}"}\n`, "latin1")
          const start = address + 6
          bytes[start + place] = byte
          const plain = byte >= 32 && byte !== 34 && byte !== 92
          const next = line.read(bytes, address)
          if (next !== (plain ? bytes.length : -1)) assert.fail(`byte ${byte} at ${place}`)
          if (plain) assert.deepStrictEqual([line.starts[0], line.ends[0]], [start, bytes.length - 3])
        }
      }
    }
  })

  it("gets whole lines, the last one with its newline", () => {
    const folder = folderOf("one\ntwo")
    let seen = ""
    for (const { bytes, end, start } of lineBlocks(join(folder.path, "rows.jsonl"))) {
      seen += bytes.toString("utf8", start, end)
    }
    assert.strictEqual(seen, "one\ntwo\n")
    assert.deepStrictEqual([...lineBlocks(join(folderOf("").path, "rows.jsonl"))], [])
  })
})

describe("in a run", () => {
  const File = Type.artifact("file")
  const Line = Type.table("line", { id: Schema.String, text: Schema.String }, { id: ["id"] })
  const moved = Node.make({
    name: "moved",
    inputs: { file: File },
    output: Line,
    *run({ file }) {
      return read(file, Line)
    }
  })

  it("a node that returns the rows of its file has the table, and its ids are unique or named", async () => {
    const lab = laboratory()
    const file = join(folderOf("{\"id\":\"a\",\"text\":\"one\"}\n{\"text\":\"two\",\"id\":\"b\"}\n").path, "rows.jsonl")
    const lines = (await lab.run({ lines: moved({ file: Source.file(file) }) })).table("lines")
    assert.deepStrictEqual(lines, { id: ["a", "b"], text: ["one", "two"] })
    const twice = join(folderOf("{\"id\":\"a\",\"text\":\"1\"}\n{\"id\":\"a\",\"text\":\"2\"}\n").path, "rows.jsonl")
    const { summary } = await lab.run({ lines: moved({ file: Source.file(twice) }) })
    assert.include(JSON.stringify(summary), "two of its 2 rows have the id a")
  })
})
