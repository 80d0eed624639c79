/**
 * The same row node as `checked` with a plain function for a body. It can count nothing: what it did is read from the
 * run's own numbers.
 */
import * as Schema from "effect/Schema"
import * as Node from "../../../../runtime/Node.ts"
import { crc32 } from "../text/crc32.ts"
import { Checked, Line } from "./tables.ts"

export const checkedPlainly = Node.mapRows({
  name: "checkedPlainly",
  input: Line,
  output: Checked,
  carry: ["id"],
  params: { start: Schema.Int },
  run: ({ text }, { params }) => ({ check: crc32(text, params.start) })
})
