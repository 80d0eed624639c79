/**
 * Rows that are judged by a specification of forty clauses, each row by the clause it mentions.
 */
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import * as Source from "../../../runtime/Source.ts"
import { clauses } from "./nodes/clauses.ts"
import { judged } from "./nodes/judged.ts"
import { lines } from "./nodes/lines.ts"
import { counterLayer } from "./services/counterLayer.ts"

const specification = Pipeline.make({
  name: "clauses",
  settings: {},
  build: () => ({
    judged: judged({
      rows: lines({ file: Source.file("rows.jsonl") }),
      clauses: clauses({ file: Source.file("clauses.json") })
    })
  })
})

export default Experiment.make({ pipeline: specification, config: {}, layers: () => counterLayer })
