/**
 * The row node of the map: a checksum of the text and a parameter.
 */
import * as Schema from "effect/Schema"
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { crc32 } from "../text/crc32.ts"
import { Checked, Line } from "./tables.ts"

export const checked = Node.mapRows({
  name: "checked",
  input: Line,
  output: Checked,
  carry: ["id"],
  params: { start: Schema.Int },
  uses: [Counter],
  *run({ text }, { params }) {
    const counter = yield* Counter
    counter.executed()
    return { check: crc32(text, params.start) }
  }
})
