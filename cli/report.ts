/**
 * `pipeline report`: the report of a run with what only its records know (time and cost of every node, transcripts,
 * provenance, differences to another run), as Markdown or as one HTML file that needs nothing else. Reads the cache only.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeFileSync } from "node:fs"
import { basename, extname } from "node:path"
import { isLost } from "../cache/StoreFailed.ts"
import { pooledPlots } from "../nodes/report/pooledPlots.ts"
import { type HtmlReport, reportHtml } from "../nodes/report/reportHtml.ts"
import { reportPage } from "../nodes/report/reportPage.ts"
import { existingHere } from "../runtime/cli/cacheFolder.ts"
import * as flags from "../runtime/cli/flags.ts"
import { print } from "../runtime/cli/output.ts"
import { printJson } from "../runtime/cli/printJson.ts"
import { ResultLost } from "../runtime/Error.ts"
import { QueryRefused } from "../runtime/query/QueryRefused.ts"
import { visible } from "../runtime/terminal/text.ts"
import { presentRun } from "./presentRun.ts"
import { reportNode } from "./report/reportNode.ts"
import { madeOf, nodeCosts, provenanceOf } from "./report/runFacts.ts"
import { transcriptsOf } from "./report/transcripts.ts"

const run = Flag.String("run").pipe(
  Flag.withDescription("the run, as `ls --runs` names it, shortened, or latest~1 (default: the latest)"),
  Flag.optional
)
const against = Flag.String("against").pipe(
  Flag.withDescription("another run: its settings and rates beside this one's"),
  Flag.optional
)
const to = Flag.String("to").pipe(
  Flag.withDescription(
    "a .html file, or a .md file with its pictures beside it (default: Markdown on standard output)"
  ),
  Flag.optional
)
const node = Flag.String("node").pipe(
  Flag.withDescription("which report, where a run has several, as `ls` names it"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's runs, for example experiments/quickstart"),
  Flag.optional
)

/** Formats by how the file's name ends. */
const formats: { readonly [ending: string]: "html" | "markdown" } = {
  ".html": "html",
  ".htm": "html",
  ".md": "markdown",
  ".markdown": "markdown"
}

const formatOf = (file: string) => {
  const format = formats[extname(file).toLowerCase()]
  return format === undefined
    ? Effect.fail(
      new QueryRefused({ reason: `${file} ends in neither .html nor .md`, next: "name --to a file of one" })
    )
    : Effect.succeed(format)
}

const write = (file: string, text: string) =>
  Effect.try({
    try: () => {
      writeFileSync(file, text)
      return file
    },
    catch: (cause) =>
      new QueryRefused({
        reason: `${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
        next: "give --to a file in a folder that exists and may be written"
      })
  })

/** The Markdown, and its pictures as files beside it. Yields the names of all. */
const writeMarkdown = Effect.fnUntraced(function*(file: string, page: HtmlReport) {
  const stem = file.slice(0, -extname(file).length)
  const pictures = pooledPlots(page.input).map(({ svg, title }, i) => ({ file: `${stem}-${i + 1}.svg`, svg, title }))
  const links = pictures.map(({ file, title }) => ({ file: basename(file), title }))
  const pageFile = yield* write(file, reportPage(page, links))
  return [pageFile, ...(yield* Effect.forEach(pictures, ({ file, svg }) => write(file, svg)))]
})

type Asked = {
  readonly [name in "run" | "against" | "node" | "experiment"]: Option.Option<string>
}

/** Everything the page says. */
const collected = Effect.fnUntraced(function*({ against, experiment, node, run }: Asked) {
  const present = yield* presentRun(experiment, run)
  const { input, label } = yield* reportNode(present, Option.getOrUndefined(node))
  const made = yield* madeOf(present)
  // counted back, a run is one of the same experiment; named, it may be any
  const among = Option.filter(
    Option.some(present.record.experiment),
    () => Option.exists(against, (name) => name.startsWith("latest"))
  )
  const other = Option.isSome(against) ? yield* presentRun(among, against) : undefined
  const previous = other === undefined
    ? undefined
    : (yield* reportNode(other, other.nodes.has(label) ? label : undefined)).input
  const page: HtmlReport = {
    input,
    nodes: nodeCosts(made),
    transcripts: yield* transcriptsOf(present, label, input),
    provenance: provenanceOf(present, made),
    ...(previous === undefined ? {} : { previous: { name: `run ${other!.record.run}`, input: previous } })
  }
  return { run: present.record.run, experiment: present.record.experiment, node: label, page }
})

export const report = Command.make(
  "report",
  { run, against, to, node, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const file = Option.getOrUndefined(given.to)
      const format = file === undefined ? undefined : yield* formatOf(file)
      const { page, ...which } = yield* collected(given)
      const files = file === undefined
        ? []
        : format === "html"
        ? [yield* write(file, reportHtml(page))]
        : yield* writeMarkdown(file, page)
      if (given.json) return printJson({ ...which, ...page, files })
      print(files.length > 0 ? files.join("\n") : reportPage(page).split("\n").map(visible).join("\n"))
    }).pipe(
      Effect.catchIf(isLost, ({ _tag }) =>
        Effect.fail(new ResultLost({ label: "a table of the report", damaged: _tag === "BlobDamaged" }))),
      Effect.provide(existingHere(given.cache))
    )
).pipe(Command.withDescription("the report of a run: numbers, pictures, costs, transcripts, provenance"))
