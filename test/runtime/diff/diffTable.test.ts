/** Differences of tables: by hand, and against DuckDB's join of the same tables. */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import type { Cell, TableSchema } from "../../../cache/Columns.ts"
import { fromManifest, query } from "../../../cache/Duck.ts"
import { Store } from "../../../cache/Store.ts"
import { diffTable } from "../../../runtime/diff/diffTable.ts"
import { laboratory } from "../support/world.ts"

const column = (name: string, kind: "string" | "int64" | "float64" | "bool") =>
  ({ name, type: { kind, nullable: true } }) as const
const schema: TableSchema = [
  column("id", "string"),
  column("verdict", "string"),
  column("score", "float64"),
  column("ok", "bool"),
  { name: "cited", type: { kind: "list", nullable: false, item: { kind: "string", nullable: false } } }
]

type Row = readonly [id: string, verdict: string | null, score: number, ok: boolean, cited: ReadonlyArray<string>]

const columnsOf = (rows: ReadonlyArray<Row>): Record<string, ReadonlyArray<Cell>> =>
  Object.fromEntries(schema.map(({ name }, at) => [name, rows.map((row) => row[at] as Cell)]))

const inStore = <A>(use: Effect.Effect<A, any, any>): Promise<A> => laboratory().within({}, {}, () => use)

const put = Effect.fnUntraced(function*(rows: ReadonlyArray<Row>) {
  return yield* (yield* Store).putTable(schema, columnsOf(rows), rows.length)
})

const difference = (before: ReadonlyArray<Row>, after: ReadonlyArray<Row>, inherited?: ReadonlySet<string>) =>
  inStore(Effect.gen(function*() {
    const options = { id: ["id"], samples: 2, ...(inherited === undefined ? {} : { inherited }) }
    return yield* diffTable(yield* put(before), yield* put(after), options)
  }))

const base: ReadonlyArray<Row> = [
  ["a", "safe", 1, true, ["C1"]],
  ["b", "safe", 2, true, []],
  ["c", "unsafe", 3, false, ["C2"]],
  ["d", null, 4, true, []]
]

describe("diffTable", () => {
  it("of equal tables is nothing", async () => {
    assert.isUndefined(await difference(base, base))
  })

  it("names what came, went and changed, and counts which verdict became which", async () => {
    const after: ReadonlyArray<Row> = [
      ["d", "safe", 4, true, []], // verdict, moved
      ["a", "unsafe", 1, true, ["C1"]], // verdict
      ["b", "unsafe", 2.5, true, ["C1", "C2"]], // verdict, score, cited
      ["x", "safe", 9, false, []]
    ]
    assert.deepStrictEqual(await difference(base, after), {
      rows: { before: 4, after: 4, added: 1, removed: 1, changed: 3 },
      columns: [{ name: "verdict", changed: 3 }, { name: "score", changed: 1 }, { name: "cited", changed: 1 }],
      newColumns: [],
      goneColumns: [],
      flips: [
        { column: "verdict", from: "safe", to: "unsafe", count: 2, rows: ["a", "b"] },
        { column: "verdict", from: null, to: "safe", count: 1, rows: ["d"] }
      ],
      means: [{ column: "score", before: { mean: 2.5, n: 4 }, after: { mean: 4.125, n: 4 } }],
      first: { row: "d", column: "verdict", from: null, to: "safe" },
      samples: { added: ["x"], removed: ["c"], changed: ["d", "a"] }
    })
  })

  it("leaves what values became to the node that made the column", async () => {
    const after = base.map(([id, , ...rest]): Row => [id, "unsafe", ...rest])
    const diff = (await difference(base, after, new Set(["verdict"])))!
    assert.deepStrictEqual(diff.columns, [{ name: "verdict", changed: 3 }])
    assert.deepStrictEqual([diff.flips, diff.means], [[], []])
  })

  it("without ids compares row by row, and says which columns came and went", async () => {
    const diff = await inStore(Effect.gen(function*() {
      const store = yield* Store
      const before = yield* store.putTable([column("n", "int64"), column("old", "string")], {
        n: [1, 2, 3],
        old: ["", "", ""]
      }, 3)
      const after = yield* store.putTable(
        [column("n", "int64"), column("new", "string")],
        { n: [1, 5], new: ["", ""] },
        2
      )
      return yield* diffTable(before, after, { id: [], samples: 3 })
    }))
    assert.deepInclude(diff, { newColumns: ["new"], goneColumns: ["old"], columns: [{ name: "n", changed: 1 }] })
    assert.deepStrictEqual(diff!.rows, { before: 3, after: 2, added: 0, removed: 1, changed: 1 })
    assert.deepStrictEqual(diff!.samples, { added: [], removed: ["#2"], changed: ["#1"] })
  })

  it("counts as DuckDB's full join does, whatever came, went, changed or moved", async () => {
    let seed = 11
    const random = (below: number) => (seed = (seed * 16807) % 2147483647) % below
    const verdicts = ["safe", "unsafe", null]
    const rowOf = (
      id: string
    ): Row => [id, verdicts[random(3)]!, random(4), random(2) === 0, random(2) === 0 ? [] : ["C1"]]
    for (let round = 0; round < 4; round++) {
      const before = Array.from({ length: 60 }, (_, i) => rowOf(`r${i}`))
      const kept = before.filter(() => random(10) > 0).map((row) => random(3) === 0 ? rowOf(row[0]) : row)
      const after = [...kept, ...Array.from({ length: random(8) }, (_, i) => rowOf(`new${i}`))]
        .map((row) => [random(1000), row] as const).sort(([a], [b]) => a - b).map(([, row]) => row)
      const { diff, joined } = await inStore(Effect.gen(function*() {
        const store = yield* Store
        const [a, b] = [yield* put(before), yield* put(after)]
        const differs = ["verdict", "score", "ok", "cited"].map((name) => `a.${name} is distinct from b.${name}`)
        const sql = `select
          count(*) filter (a.id is null) as added, count(*) filter (b.id is null) as removed,
          count(*) filter (a.id = b.id and (${differs.join(" or ")})) as changed,
          count(*) filter (a.id = b.id and ${differs[0]}) as verdicts,
          count(*) filter (a.id = b.id and a.verdict = 'safe' and b.verdict = 'unsafe') as flipped
          from a full join b on a.id = b.id`
        const joined = yield* query(sql, { a: fromManifest(store, a), b: fromManifest(store, b) })
        return { joined, diff: yield* diffTable(a, b, { id: ["id"], samples: 2 }) }
      }))
      const { added, changed, removed } = diff!.rows
      const flip = diff!.flips.find(({ column, from, to }) =>
        column === "verdict" && from === "safe" && to === "unsafe"
      )
      assert.deepStrictEqual(
        {
          added: [added],
          removed: [removed],
          changed: [changed],
          verdicts: [diff!.columns.find(({ name }) => name === "verdict")?.changed ?? 0],
          flipped: [flip?.count ?? 0]
        },
        { ...joined.columns } as never
      )
    }
  })
})
