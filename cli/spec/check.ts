/** `pipeline spec check FILE…`: errors and doubts of specifications with their lines, before they cost anything. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { checkSpec, guardCategories, type SpecProblem } from "../../nodes/spec/checkSpec.ts"
import { commaList } from "../../nodes/text/parseSpec.ts"
import * as flags from "../../runtime/cli/flags.ts"
import { finish, print } from "../../runtime/cli/output.ts"
import { printJson } from "../../runtime/cli/printJson.ts"
import { counted } from "../../runtime/terminal/format.ts"
import { type Style, styleFor } from "../../runtime/terminal/style.ts"
import { visible } from "../../runtime/terminal/text.ts"
import { specText } from "./specFile.ts"

const files = Argument.Path("file").pipe(
  Argument.map(flags.asTyped),
  Argument.withDescription("specifications, for example specs/safety.md"),
  Argument.variadic({ min: 1 })
)
const categories = Flag.String("categories").pipe(
  Flag.withDescription(
    "categories that the guard in use gives, with commas (default: those of Llama Guard and Qwen3Guard)"
  ),
  Flag.optional
)

interface Checked {
  readonly file: string
  /** How many; 0 where it cannot be read. */
  readonly clauses: number
  readonly problems: ReadonlyArray<SpecProblem>
}

const checked = (file: string, categories: ReadonlyArray<string>): Effect.Effect<Checked> =>
  specText(file).pipe(
    Effect.map((text) => checkSpec(file, text, categories)),
    Effect.map(({ clauses, problems }) => ({ file, clauses: clauses.length, problems })),
    Effect.catch(({ next, reason }) =>
      Effect.succeed({
        file,
        clauses: 0,
        problems: [{ level: "error" as const, line: 0, clauseId: null, reason, next }]
      })
    )
  )

const checkLines = ({ clauses, file, problems }: Checked, style: Style): ReadonlyArray<string> => {
  const lines = problems.map(({ clauseId, level, line, next, reason }, i) => {
    const place = `${file}${line > 0 ? `:${line}` : ""}: ${level}: ${clauseId === null ? "" : `${clauseId}: `}`
    // what to do next is said once where it is the same
    const text = visible(`${place}${reason}${problems[i - 1]?.next === next ? "" : `; ${next}`}`)
    return style(level === "error" ? "bad" : "warning", text)
  })
  const warnings = problems.filter(({ level }) => level === "warning").length
  const remarks = warnings === 0 ? "nothing to remark" : counted(warnings, "warning")
  return clauses === 0 ? lines : [...lines, visible(`${file}: ${counted(clauses, "clause")}, ${remarks}`)]
}

export const check = Command.make("check", { files, categories, json: flags.json }, (given) =>
  Effect.gen(function*() {
    const known = Option.match(given.categories, { onNone: () => guardCategories, onSome: commaList })
    const all = yield* Effect.forEach(given.files, (file) => checked(file, known))
    if (all.some(({ problems }) => problems.some(({ level }) => level === "error"))) finish(2)
    if (given.json) return printJson(all)
    print(all.flatMap((one) => checkLines(one, styleFor(process.stdout))).join("\n"))
  })).pipe(Command.withDescription("errors and doubts of specifications, with their lines; 2 where one cannot be read"))
