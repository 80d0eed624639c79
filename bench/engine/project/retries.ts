/**
 * Rows answered by a server that fails now and then.
 */
import * as Layer from "effect/Layer"
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import * as Source from "../../../runtime/Source.ts"
import { answered } from "./nodes/answered.ts"
import { lines } from "./nodes/lines.ts"
import { answersLayer } from "./services/answersLayer.ts"
import { counterLayer } from "./services/counterLayer.ts"

const answers = Pipeline.make({
  name: "retries",
  settings: {},
  build: () => ({ answered: answered({ rows: lines({ file: Source.file("rows.jsonl") }) }) })
})

export default Experiment.make({
  pipeline: answers,
  config: {},
  layers: () => Layer.provideMerge(answersLayer, counterLayer)
})
