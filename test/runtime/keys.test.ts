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
    size: "80c87e37d5c75282d057bde00d0e71c7874f0206ece5f11c29130c82db387424",
    lines: "0d5d97139f25b4f433c91627dd4bf52e7e4d4e5c160ad4d8f257c74ca623ed99",
    said: "648fa70f55a9d0c48081888cf7b211dfdf44c8cb24f18225d3b7c3de258e14e3",
    length: "8089a9746df6878490bc624da16b56d9de75bb67aee34ec8334b44f3aebb6077"
  })
})
