/**
 * One key of each kind of node, pinned: a change of anything below (encoding, schema fingerprints, column digests, what
 * enters a key) that would silently make every cache stale fails here. Change a pin together with `keyEpoch`.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { assert, it } from "vitest"
import * as Node from "../../runtime/Node.ts"
import * as Type from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import { laboratory } from "./support/world.ts"

class Echo extends Context.Service<Echo, Used & { readonly say: (text: string) => string }>()("test/keys/Echo") {}
const echo = Layer.succeed(Echo, {
  fingerprint: "echo 1",
  code: [{ file: "echo.ts", name: "prompt" }],
  say: (text) => `${text}!`
})

const Size = Type.value("size", Schema.Struct({ rows: Schema.Int, scale: Schema.Finite }))
const Line = Type.table("line", { id: Schema.String, at: Schema.Int, text: Schema.NullOr(Schema.String) }, {
  id: ["id"]
})
const Said = Type.table("said", { id: Schema.String, said: Schema.String }, { id: ["id"] })
const Length = Type.table("length", { id: Schema.String, n: Schema.Int }, { id: ["id"] })

const size = Node.make({
  name: "size",
  inputs: {},
  params: { rows: Schema.Int, scale: Schema.Finite, tags: Schema.Array(Schema.String) },
  output: Size,
  run: (_, { params }) => ({ rows: params.rows, scale: params.scale })
})
const lines = Node.make({
  name: "lines",
  version: 2,
  seeded: true,
  inputs: { size: Size },
  output: Line,
  run: ({ size }) => Array.from({ length: size.rows }, (_, at) => ({ id: `l${at}`, at, text: at === 1 ? null : "é" }))
})
const said = Node.mapRows({
  name: "said",
  input: Line,
  side: { size: Size },
  carry: ["id"],
  output: Said,
  uses: [Echo],
  given: (_, { size }) => size.scale,
  *run({ text }, { given }) {
    const { say } = yield* Echo
    return { said: say(`${text} ${given}`) }
  }
})
const length = Node.sql({
  name: "length",
  inputs: { said: Said },
  output: Length,
  select: ({ said }) => Node.query`select ${said.id} as id, length(${said.said})::integer as n from ${said}`
})

it("keys of all kinds of nodes are as they were", async () => {
  const sized = size({}, { rows: 3, scale: 0.5, tags: ["b", "a"] })
  const spoken = said({ rows: lines({ size: sized }, { seed: 7 }), size: sized })
  const { events } = await laboratory().run({ out: length({ said: spoken }) }, {
    layer: echo,
    code: { size: "c1", lines: "c2", said: "c3", prompt: "0123456789abcdef0123" }
  })
  const keys = events.flatMap((event) => event.event === "NodeFinished" ? [[event.label, event.key]] : [])
  assert.deepStrictEqual(Object.fromEntries(keys), {
    size: "c2cd97fa11f264e19716fbbc298dff4e339b41326ec5867248ce179baeb8c9f5",
    lines: "38a13eb562c2faa3a845e5a9443900861bf7ef2612036cf2363380db44f64eb1",
    said: "3d1f34a0b884f7e7c0b818deff16218dda3992d040af1fa8371fba7c27ad0c3d",
    length: "95cb429ef9b58fad10c87c46a2f6a34a20a33322f7d71b5f8cb7d0846e326e08"
  })
})
