/**
 * One experiment file, opened for planning or running: the project and cache it belongs to, its graph, the services of
 * its layers, and the resolver over them. Everything the commands share is here; what they do with it is theirs.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { existsSync, realpathSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { Action } from "../cache/Manifest.ts"
import * as CacheStore from "../cache/Store.ts"
import * as Accepted from "./Accepted.ts"
import { Code } from "./Code.ts"
import * as CodeLive from "./CodeLive.ts"
import { isEngineFile } from "./engineFile.ts"
import { ExperimentInvalid, PlanRefused } from "./Error.ts"
import type { Experiment, Opened } from "./Experiment.ts"
import * as Graph from "./Graph.ts"
import { didYouMean } from "./nearestName.ts"
import { CacheRoot, cacheRootOf, ProjectRoot, projectRootOf } from "./Place.ts"
import type { PlanOptions } from "./Plan.ts"
import * as PreviousKeys from "./PreviousKeys.ts"
import * as Resolver from "./Resolver.ts"
import * as RunName from "./RunName.ts"
import { Statements } from "./Statement.ts"

export interface SessionOptions {
  /** The experiment file, as the user wrote it. */
  readonly file: string
  readonly cache: string | undefined
  readonly sets: ReadonlyArray<readonly [path: string, text: string]>
  readonly rehearse: boolean
  readonly forced: ReadonlyArray<string>
}

export interface Session {
  /** Path below the project without its ending: `experiments/quickstart`. */
  readonly experiment: string
  readonly projectRoot: string
  readonly opened: Opened
  readonly plan: Omit<PlanOptions, "countRows">
}

/** Where the project's own code led to an error, as ` (file:line)`; empty where its stack does not say. */
const placeOfError = (error: unknown, projectRoot: string): string => {
  for (const [, url, line] of String((error as Error)?.stack).matchAll(/(file:\/\/[^\s()]+?):(\d+)/g)) {
    const absolute = fileURLToPath(url!)
    if (isEngineFile(absolute) || absolute.includes(`${sep}node_modules${sep}`)) continue
    return ` (${relative(projectRoot, absolute).split(sep).join("/")}:${line})`
  }
  return ""
}

/** The experiment a file exports. Fails with `ExperimentInvalid` where there is none or it cannot be loaded. */
const load = Effect.fnUntraced(function*(file: string, absolute: string) {
  const projectRoot = realpathSync(yield* ProjectRoot)
  const invalid = (reason: string, next: string) => new ExperimentInvalid({ experiment: file, reason, next })
  const module = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(absolute).href) as Promise<{ readonly default?: unknown }>,
    catch: (error) => {
      const place = placeOfError(error, projectRoot)
      const reason = `it cannot be loaded: ${String((error as Error)?.message ?? error)}${place}`
      return invalid(
        reason,
        place === "" ? "run `npx tsc --noEmit` to see where" : "mend it and run the same command again"
      )
    }
  })
  const experiment = module.default as Experiment | undefined
  if (experiment?.["~experiment"] !== true) {
    return yield* invalid(
      "its default export is no experiment",
      "export default Experiment.make({ pipeline, config, layers })"
    )
  }
  return experiment
})

const invalidBuild = (file: string, projectRoot: string) => (error: unknown) =>
  error instanceof ExperimentInvalid || error instanceof PlanRefused
    ? error
    : new ExperimentInvalid({
      experiment: file,
      reason: `it cannot be built: ${String((error as Error)?.message ?? error)}${placeOfError(error, projectRoot)}`,
      next: "mend the pipeline's `build` or what it is given"
    })

/** A layer that cannot be built, for example one whose file is missing. */
const unusableLayer = (file: string) => (error: { readonly message?: unknown; readonly exitCode?: unknown }) =>
  error?.exitCode !== undefined
    ? error
    : new ExperimentInvalid({
      experiment: file,
      reason: `a service cannot be set up: ${String(error?.message ?? error)}`,
      next: "provide what it needs, or give the experiment another layer"
    })

/** A session over an opened experiment: its graph, its services, its history. Layers are built here and cost nothing until used. */
export const connect = Effect.fnUntraced(
  function*(experiment: string, opened: Opened, options: Pick<SessionOptions, "file" | "forced">) {
    const store = yield* CacheStore.Store
    const projectRoot = yield* ProjectRoot
    const graph = yield* Effect.try({
      try: () => Graph.build(options.file, opened),
      catch: invalidBuild(options.file, projectRoot)
    })
    const nodes = graph.vertices.filter((vertex) => vertex.definition.kind !== "source").map((vertex) => vertex.label)
    const unknown = options.forced.find((label) => !nodes.includes(label))
    if (unknown !== undefined) {
      return yield* new ExperimentInvalid({
        experiment: options.file,
        reason: `--force ${unknown}: there is no such node`,
        next: `${didYouMean(unknown, nodes)}nodes: ${nodes.join(", ")}`
      })
    }
    const services = yield* Effect.mapError(Layer.build(opened.layer), unusableLayer(options.file))
    const previous = yield* PreviousKeys.make(experiment)
    const forced = new Set(options.forced)
    const resolver = yield* Resolver.make({
      statements: new Statements(join(CacheStore.baseOf(store.root), "derived", "statements.json")),
      services,
      accepted: yield* Effect.try({
        try: () => Accepted.read(join(projectRoot, Accepted.fileName)),
        catch: invalidBuild(options.file, projectRoot)
      }),
      previous: previous.last,
      forced
    })
    const ending = Math.abs(yield* Random.nextInt).toString(36)
    const run = RunName.next(yield* Clock.currentTimeMillis, (yield* store.runNames())[0], ending)
    const actionOf = (key: string) => Effect.orElseSucceed(store.getAction(key), () => undefined)
    const lastAction = (label: string): Effect.Effect<Action | undefined> =>
      Effect.flatMap(previous.last(label), (key) => key === undefined ? Effect.undefined : actionOf(key))
    const history = (label: string): Effect.Effect<ReadonlyArray<Action>> =>
      Effect.flatMap(
        previous.all(label),
        (keys) =>
          Effect.map(Effect.forEach(keys, actionOf), (actions) => actions.filter((action) => action !== undefined))
      )
    const session: Session = {
      experiment,
      projectRoot,
      opened,
      plan: { graph, resolver, services, forced, run, storedParts: resolver.storedParts, lastAction, history }
    }
    return session
  }
)

/** Opens the file. The session lives as long as the scope. */
export const open = Effect.fnUntraced(function*(options: SessionOptions) {
  const projectRoot = yield* ProjectRoot
  const absolute = resolve(options.file)
  const name = relative(projectRoot, absolute).split(sep).join("/").replace(/\.[cm]?ts$/, "")
  if (!existsSync(absolute)) {
    return yield* new ExperimentInvalid({
      experiment: options.file,
      reason: "the file does not exist",
      next: `looked for ${absolute}`
    })
  }
  // code is digested before it is loaded and compared after, so that keys are those of the text that runs
  return yield* Effect.gen(function*() {
    const code = yield* Code
    const loaded = yield* load(options.file, absolute)
    const edited = code.edited()
    if (edited.length > 0) {
      return yield* new ExperimentInvalid({
        experiment: options.file,
        reason: `${edited.join(", ")} changed while it was being loaded`,
        next: "run the same command again"
      })
    }
    const opened = yield* Effect.try({
      try: () => loaded.open({ name: options.file, sets: options.sets, rehearse: options.rehearse }),
      catch: invalidBuild(options.file, projectRoot)
    })
    return yield* connect(name + (options.rehearse ? " (rehearsal)" : ""), opened, options)
  }).pipe(Effect.provide(CodeLive.layer(codeOptions(options))))
})

const placeOf = (options: SessionOptions) => {
  const projectRoot = projectRootOf(dirname(resolve(options.file)))
  return { projectRoot, cacheRoot: cacheRootOf(projectRoot, options.cache, process.env["PIPELINE_CACHE"]) }
}

const codeOptions = (options: SessionOptions): CodeLive.CodeLiveOptions => {
  const { cacheRoot, projectRoot } = placeOf(options)
  return {
    root: projectRoot,
    entry: resolve(options.file),
    cacheFile: join(CacheStore.baseOf(cacheRoot), "derived", "code.json")
  }
}

/** The store and the project folder of an experiment file. */
export const layer = (options: SessionOptions) => {
  const { cacheRoot, projectRoot } = placeOf(options)
  return Layer.mergeAll(
    CacheStore.layer(cacheRoot),
    Layer.succeed(ProjectRoot, projectRoot),
    Layer.succeed(CacheRoot, cacheRoot)
  )
}
