/**
 * One function over all rows of a file. The parameter is a setting: `--set start=1`.
 */
import * as Schema from "effect/Schema"
import { ours, type Resolved } from "../../../runtime/Config.ts"
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import * as Source from "../../../runtime/Source.ts"
import { checked } from "./nodes/checked.ts"
import { lines } from "./nodes/lines.ts"
import { counterLayer } from "./services/counterLayer.ts"

const settings = { start: ours(Schema.Int, 0, "the parameter of the row function") }

const rows = Pipeline.make({
  name: "rows",
  settings,
  build: ({ start }: Resolved<typeof settings>) => ({
    checked: checked({ rows: lines({ file: Source.file("rows.jsonl") }) }, { start })
  })
})

export default Experiment.make({ pipeline: rows, config: {}, layers: () => counterLayer })
