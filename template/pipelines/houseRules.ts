/** The whole method, in the order it happens. Numbers and paths are settings; experiments choose them. */
import * as Schema from "effect/Schema"
import { loadSpec } from "../../nodes/loadSpec.ts"
import { ours, type Resolved } from "../../runtime/Config.ts"
import * as Pipeline from "../../runtime/Pipeline.ts"
import * as Source from "../../runtime/Source.ts"
import { check } from "../nodes/check.ts"
import { countByClause } from "../nodes/countByClause.ts"
import { loadAnswers } from "../nodes/loadAnswers.ts"

const settings = {
  spec: ours(Schema.String, "specs/house.md", "the specification people edit"),
  answers: ours(Schema.String, "data/answers.jsonl", "answers to be read, one JSON object a line")
}

export const houseRules = Pipeline.make({
  name: "houseRules",
  settings,
  build: (config: Resolved<typeof settings>) => {
    const spec = loadSpec({ file: Source.file(config.spec) })
    const answers = loadAnswers({ file: Source.file(config.answers) })
    const checked = check({ rows: answers, spec })
    return { checked, counts: countByClause({ spec, checked }) }
  }
})
