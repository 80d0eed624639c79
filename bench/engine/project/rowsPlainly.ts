/**
 * The map of `rows.ts` with a plain function for a body.
 */
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import * as Source from "../../../runtime/Source.ts"
import { checkedPlainly } from "./nodes/checkedPlainly.ts"
import { lines } from "./nodes/lines.ts"
import { counterLayer } from "./services/counterLayer.ts"

const rows = Pipeline.make({
  name: "rowsPlainly",
  settings: {},
  build: () => ({
    checkedPlainly: checkedPlainly({ rows: lines({ file: Source.file("rows.jsonl") }) }, { start: 0 })
  })
})

export default Experiment.make({ pipeline: rows, config: {}, layers: () => counterLayer })
