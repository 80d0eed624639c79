/**
 * `pipeline pin NAME [RUN|NODE]`: gives a run, or one result of it, a name under which gc keeps it; lists and removes
 * such names.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Pin, Pins } from "../../cache/care/Pins.ts"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Runs } from "../../cache/Runs.ts"
import { attempt } from "../../cache/StoreFailed.ts"
import { ExperimentInvalid } from "../Error.ts"
import { presentNodes } from "../history/presentNodes.ts"
import { runNamed } from "../history/runNamed.ts"
import { didYouMean } from "../nearestName.ts"
import { type Style, styleFor } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"
import { cacheFolder, existingHere } from "./cacheFolder.ts"
import * as flags from "./flags.ts"
import { columnsOf, print } from "./output.ts"
import { printJson } from "./printJson.ts"

const name = Argument.String("name").pipe(Argument.withDescription("the pin's name"), Argument.optional)
const target = Argument.String("target").pipe(
  Argument.withDescription(
    "a run as `ls --runs` names it, or a node whose present result is meant (default: the latest run)"
  ),
  Argument.optional
)
const list = Flag.Boolean("list").pipe(Flag.withDescription("print the pins"), Flag.withDefault(false))
const remove = Flag.String("remove").pipe(Flag.withDescription("remove this pin"), Flag.optional)

const invalid = (what: string, reason: string, next: string) =>
  new ExperimentInvalid({ experiment: what, reason, next })

/** Runs as `runNamed` finds them, else the node of this label that was made last. Throws `ExperimentInvalid`. */
const targetOf = (runs: ReadonlyArray<RunRecord>, wanted: string): Pick<Pin, "run" | "node"> => {
  const experiments = [...new Set(runs.map((run) => run.experiment))]
  const present = experiments.flatMap((experiment) => [
    ...presentNodes(runs.filter((run) => run.experiment === experiment)).values()
  ])
  const found = present.find(({ node }) => node.label === wanted)
  if (found?.node.manifest !== undefined) return { run: found.run, node: wanted }
  if (found !== undefined) throw invalid(wanted, "the node has no result", "pin it once it has run")
  try {
    return { run: runNamed(runs, wanted).run }
  } catch (error) {
    const near = didYouMean(wanted, present.map(({ node }) => node.label))
    if (near === "" || !(error instanceof ExperimentInvalid)) throw error
    throw invalid(
      wanted,
      "there is no run and no node of this name",
      `${near}\`pipeline ls\` lists nodes, \`pipeline ls --runs\` runs`
    )
  }
}

const says = (pin: Pin): string => pin.node === undefined ? `run ${pin.run}` : `${pin.node} of run ${pin.run}`

const listText = (
  pins: ReadonlyArray<Pin>,
  experimentOf: ReadonlyMap<string, string>,
  width: number,
  style: Style
): string =>
  table({
    columns: [
      { header: "PIN", min: 8 },
      { header: "RUN", min: 20, cut: "middle" },
      { header: "NODE", min: 8 },
      { header: "EXPERIMENT", min: 10, cut: "middle", drop: 2 },
      { header: "SINCE", drop: 1 }
    ],
    rows: pins.map(({ madeAt, name, node, run }) => [
      name,
      run,
      node ?? "",
      experimentOf.get(run) ?? "not in this cache",
      madeAt.slice(0, 10)
    ])
  }, { width, style: (text, { row }) => row < 0 ? style("strong", text) : text }).join("\n")

/** Removes a pin. Throws `ExperimentInvalid` where there is none of this name. */
const removeNamed = (pins: Pins, wanted: string): void => {
  if (pins.remove(wanted)) return
  const names = pins.names()
  throw invalid(
    `pin ${wanted}`,
    "there is no such pin",
    names.length === 0 ? "this cache has no pins" : `${didYouMean(wanted, names)}pins: ${names.join(", ")}`
  )
}

/** Makes a pin, or finds that it is there. Throws `ExperimentInvalid`. */
const pinNamed = (pins: Pins, runs: ReadonlyArray<RunRecord>, pin: string, wanted: string, madeAt: string): Pin => {
  const made: Pin = { name: pin, ...targetOf(runs, wanted), madeAt }
  if (pins.create(made)) return made
  const existing = pins.get(pin)
  if (existing !== undefined && existing.run === made.run && existing.node === made.node) return existing
  throw invalid(
    `pin ${pin}`,
    existing === undefined ? "it was just removed" : `it names ${says(existing)} already`,
    `choose another name, or remove it first: pipeline pin --remove ${pin}`
  )
}

/** Runs work that throws errors of the command line or of the cache. */
const working = <A>(root: string, work: () => A) =>
  Effect.flatten(attempt("pin", root, () => {
    try {
      return Effect.succeed(work())
    } catch (error) {
      if (error instanceof ExperimentInvalid) return Effect.fail(error)
      throw error
    }
  }))

export const pin = Command.make(
  "pin",
  { name, target, list, remove, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const { base, root } = yield* cacheFolder
      const pins = new Pins(base)
      if (Option.isSome(given.remove)) {
        const wanted = given.remove.value
        yield* working(root, () => removeNamed(pins, wanted))
        return print(`pin ${wanted} is removed; what it kept goes with a later gc`)
      }
      const runs = yield* working(root, () => new Runs(base).list())
      if (given.list || Option.isNone(given.name)) {
        const all = yield* working(root, () => pins.list())
        if (given.json) return printJson(all)
        if (all.length === 0) return print("no pins in this cache; make one with: pipeline pin NAME [RUN|NODE]")
        const experiments = new Map(runs.map((run) => [run.run, run.experiment]))
        return print(listText(all, experiments, columnsOf(process.stdout), styleFor(process.stdout)))
      }
      const wanted = given.name.value
      const target = Option.getOrElse(given.target, () => "latest")
      const madeAt = new Date(yield* Clock.currentTimeMillis).toISOString()
      const made = yield* working(root, () => pinNamed(pins, runs, wanted, target, madeAt))
      if (given.json) return printJson(made)
      print(`pin ${made.name}: ${says(made)}`)
    }).pipe(Effect.provide(existingHere(given.cache)))
).pipe(Command.withDescription("name a run or a result that gc keeps"))
