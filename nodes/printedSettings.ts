/** The settings of a run as a value in the graph, so that a report has them also where arms are collected. */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"

/** One setting as `runtime/Config.ts` prints it; `declared` is a label and JSON, `note: 0.0002`. */
export const PrintedSetting = Schema.Struct({
  path: Schema.String,
  value: Schema.Unknown,
  label: Schema.Literals(["paper", "note", "sister", "ours"]),
  declared: Schema.optionalKey(Schema.String)
})

export const PrintedSettings = Type.value("printedSettings", Schema.Array(PrintedSetting))

export const printedSettings = Node.make({
  name: "settings",
  description: "every setting with the place it comes from",
  inputs: {},
  params: { settings: Schema.Array(PrintedSetting) },
  output: PrintedSettings,
  run: (_, { params }) => params.settings
})
