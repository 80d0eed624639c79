/**
 * What a file in `experiments/` exports by default: a pipeline, the numbers that differ from its declared ones, and the
 * layers that play its roles; or a sweep of these over axes. Opening one yields refs and a layer, nothing runs yet.
 */
import type * as Layer from "effect/Layer"
import * as Config from "./Config.ts"
import { ExperimentInvalid } from "./Error.ts"
import type { Needs } from "./Node.ts"
import type { Pipeline, Targets } from "./Pipeline.ts"
import type { Ref } from "./Ref.ts"

export type Point = { readonly [axis: string]: unknown }

/** One set of targets: the only one of a plain experiment, or one arm of a sweep. */
export interface Arm {
  readonly point: Point
  readonly targets: Targets
}

export interface Opened {
  readonly arms: ReadonlyArray<Arm>
  /** Targets made from all arms together. */
  readonly collected: Targets
  readonly layer: Layer.Layer<any, any, never>
  readonly settings: ReadonlyArray<Config.PrintedSetting>
  /** What `--rehearse` replaced, one line each. */
  readonly swapped: ReadonlyArray<string>
}

export interface OpenOptions {
  readonly name: string
  readonly sets: ReadonlyArray<readonly [path: string, text: string]>
  readonly rehearse: boolean
}

export interface Experiment {
  readonly "~experiment": true
  /** Builds the graph for these options. Throws `ExperimentInvalid`. */
  readonly open: (options: OpenOptions) => Opened
}

/** Stand-ins for what is not at hand: smaller numbers and other layers, and what they replace in words. */
export interface Rehearsal<S extends Config.Settings, R> {
  readonly config: Config.Overrides<S>
  readonly layers: (config: Config.Resolved<S>) => Layer.Layer<R, any, never>
  readonly swapped: ReadonlyArray<string>
}

const opener = <S extends Config.Settings, T extends Targets, R>(
  pipeline: Pipeline<S, T>,
  rehearse: Rehearsal<S, R> | undefined,
  layers: (config: Config.Resolved<S>) => Layer.Layer<R, any, never>
) =>
(options: OpenOptions, config: Config.Overrides<S>) => {
  if (options.rehearse && rehearse === undefined) {
    throw new ExperimentInvalid({
      experiment: options.name,
      reason: "it has no rehearsal",
      next: "leave out --rehearse, or give the experiment a `rehearse` with smaller numbers and stand-in layers"
    })
  }
  const overrides = options.rehearse ? [config, rehearse!.config] : [config]
  const resolved = Config.resolve(options.name, pipeline.settings, overrides, options.sets)
  return {
    targets: pipeline.build(resolved.config, resolved.printed),
    layer: (options.rehearse ? rehearse!.layers : layers)(resolved.config),
    settings: resolved.printed
  }
}

/** One run of a pipeline. The layers must provide every service its nodes use, or this does not compile. */
export const make = <const S extends Config.Settings, const T extends Targets>(spec: {
  readonly pipeline: Pipeline<S, T>
  readonly config: Config.Overrides<S>
  readonly layers: (config: Config.Resolved<S>) => Layer.Layer<Needs<T>, any, never>
  readonly rehearse?: Rehearsal<S, Needs<T>>
}): Experiment => ({
  "~experiment": true,
  open: (options) => {
    const { layer, settings, targets } = opener(spec.pipeline, spec.rehearse, spec.layers)(options, spec.config)
    return {
      arms: [{ point: {}, targets }],
      collected: {},
      layer,
      settings,
      swapped: options.rehearse ? spec.rehearse!.swapped : []
    }
  }
})

/** Refuses to set what the axes vary: all arms would be the same. */
const checkSets = ({ name, sets }: OpenOptions, overrides: ReadonlyArray<unknown>): void => {
  for (const [path] of sets) {
    const values = new Set(overrides.map((each) => JSON.stringify(Config.at(each, path))))
    if (values.size === 1) continue
    throw new ExperimentInvalid({
      experiment: name,
      reason: `--set ${path}: the sweep varies it (${[...values].slice(0, 6).join(", ")})`,
      next: "leave it out, and pick arms with --select"
    })
  }
}

type Axes = { readonly [axis: string]: ReadonlyArray<unknown> }
type PointOf<G extends Axes> = { readonly [K in keyof G]: G[K][number] }

/** Every combination of the axes' values, the last axis fastest. */
export const grid = <const G extends Axes>(axes: G): ReadonlyArray<PointOf<G>> =>
  Object.entries(axes).reduce<ReadonlyArray<any>>(
    (points, [axis, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [axis]: value }))),
    [{}]
  )

/**
 * A sweep: one arm per combination of the axes' values; arms share every node their axes do not touch, because equal
 * nodes are one node. `collect` connects nodes that read all arms. Layers are built once, from the first arm's config.
 */
export const sweep = <const S extends Config.Settings, const T extends Targets, const G extends Axes>(spec: {
  readonly pipeline: Pipeline<S, T>
  readonly axes: G
  readonly config: (point: PointOf<G>) => Config.Overrides<S>
  readonly layers: (config: Config.Resolved<S>) => Layer.Layer<Needs<T>, any, never>
  readonly collect?: (arms: ReadonlyArray<{ readonly point: PointOf<G>; readonly targets: T }>) => {
    readonly [name: string]: Ref<any, any>
  }
}): Experiment => ({
  "~experiment": true,
  open: (options) => {
    const open = opener(spec.pipeline, undefined, spec.layers)
    const points = grid(spec.axes).map((point) => ({ point, config: spec.config(point) }))
    if (points.length > 0) checkSets(options, points.map(({ config }) => config))
    const arms = points.map(({ config, point }) => ({ point, ...open(options, config) }))
    const first = arms[0]
    if (first === undefined) {
      throw new ExperimentInvalid({
        experiment: options.name,
        reason: "an axis has no values",
        next: "give every axis at least one value"
      })
    }
    return {
      arms: arms.map(({ point, targets }) => ({ point, targets })),
      collected: spec.collect?.(arms) ?? {},
      layer: first.layer,
      settings: first.settings,
      swapped: []
    }
  }
})
