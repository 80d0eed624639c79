/**
 * An error in the words of one line, for messages: what a schema says against a value begins with the place in it, as
 * `n: Expected a finite number`.
 */
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** `["a"]["b"][0]` as `a.b[0]`. */
const plainPath = (path: string): string => path.replace(/\["([^"]*)"\]/g, ".$1").replace(/^\./, "")

/** Every complaint on a line, with its place before it. */
const complaints = (message: string): string =>
  message.replace(/^(.*)\n\s+at (\[.*\])$/gm, (_, said, path) => `${plainPath(path)}: ${said}`)

/** What was thrown, whatever it was. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === "SchemaError") return complaints(error.message)
  return SchemaIssue.isIssue(error.cause) ? complaints(new Schema.SchemaError(error.cause).message) : error.message
}
