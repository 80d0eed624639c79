/** One run of the pipeline. Services that nodes name in `uses` get their layers here; this pipeline uses none. */
import * as Layer from "effect/Layer"
import * as Experiment from "../../runtime/Experiment.ts"
import { houseRules } from "../pipelines/houseRules.ts"

export default Experiment.make({
  pipeline: houseRules,
  config: { spec: "specs/house.md" },
  layers: () => Layer.empty
})
