/**
 * The numbers of a pipeline, each with the place it comes from: `paper`, a third-party `note` on it, a `sister` paper's
 * code, or `ours`. A pipeline declares them once with defaults; an experiment overrides some; `--set a.b=1` overrides
 * one, typed; the report prints every one with its label. What the numbers do is the pipeline's.
 */
import * as Schema from "effect/Schema"
import { ExperimentInvalid } from "./Error.ts"
import { nearestName } from "./nearestName.ts"

export type Label = "paper" | "note" | "sister" | "ours"

export interface Setting<A> {
  readonly setting: true
  readonly schema: Schema.Codec<A, any>
  readonly value: A
  readonly label: Label
  /** Where the value stands in its source, or why it was chosen. */
  readonly source: string
}

export interface Settings {
  readonly [name: string]: Setting<any> | Settings
}

/** The config a pipeline's `build` receives. */
export type Resolved<S> = {
  readonly [K in keyof S]: S[K] extends Setting<infer A> ? A : Resolved<S[K]>
}

/** What an experiment may override: everything, nothing is required. */
export type Overrides<S> = {
  readonly [K in keyof S]?: S[K] extends Setting<infer A> ? A : Overrides<S[K]>
}

/** One setting as the report prints it; `declared` is the labelled value where the experiment uses another. */
export interface PrintedSetting {
  readonly path: string
  readonly value: unknown
  readonly label: Label
  readonly source: string
  readonly declared?: string
}

const labelled = (label: Label) => <A>(schema: Schema.Codec<A, any>, value: A, source: string): Setting<A> => ({
  setting: true,
  schema,
  value,
  label,
  source
})

/** The paper itself gives this value. */
export const paper = labelled("paper")
/** A third-party reading note gives it; secondary evidence. */
export const note = labelled("note")
/** A sister paper's public code gives it; a fallback where the paper is silent. */
export const sister = labelled("sister")
/** We chose it; `source` says why. */
export const ours = labelled("ours")

const isSetting = (node: Setting<any> | Settings): node is Setting<any> => (node as Setting<any>).setting === true

const leaves = (settings: Settings, prefix = ""): ReadonlyArray<readonly [string, Setting<any>]> =>
  Object.entries(settings).flatMap(([name, node]) =>
    isSetting(node) ? [[prefix + name, node] as const] : leaves(node, `${prefix}${name}.`)
  )

/** What stands at a path such as `grpo.steps`; undefined where nothing does. */
export const at = (value: unknown, path: string): unknown =>
  path.split(".").reduce<any>((inner, name) => (inner === undefined ? undefined : inner[name]), value)

/** Paths that share a name with this one, else the one that is spelt most like it, else the first few. */
const nearest = (path: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const last = path.split(".").at(-1)!.toLowerCase()
  const close = known.filter((name) =>
    name.toLowerCase().includes(last) || last.includes(name.split(".").at(-1)!.toLowerCase())
  )
  if (close.length > 0) return close.slice(0, 6)
  const alike = nearestName(path, known)
  return alike === undefined ? known.slice(0, 6) : [alike]
}

/** A `--set` text as the schema's type: JSON where it parses, else the text itself. */
const parseText = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * The config of one run: declared values, then each of the overrides in turn, then `--set` pairs. A setting is replaced
 * whole: a record given later is not mixed with one given before.
 * Fails with `ExperimentInvalid` on an unknown path or a value of another type, naming the nearest paths.
 */
export const resolve = <S extends Settings>(
  experiment: string,
  settings: S,
  overrides: ReadonlyArray<Overrides<S>>,
  sets: ReadonlyArray<readonly [path: string, text: string]>
): { readonly config: Resolved<S>; readonly printed: ReadonlyArray<PrintedSetting> } => {
  const all = leaves(settings)
  const known = all.map(([path]) => path)
  const invalid = (reason: string, next: string) => new ExperimentInvalid({ experiment, reason, next })
  const checkPaths = (value: unknown, node: Settings, prefix: string): void => {
    for (const [name, inner] of Object.entries(value as object)) {
      const declared = node[name]
      const path = `${prefix}${name}`
      if (declared === undefined) {
        throw invalid(`there is no setting \`${path}\``, `known: ${nearest(path, known).join(", ")}`)
      }
      if (!isSetting(declared)) checkPaths(inner, declared, `${path}.`)
    }
  }
  for (const each of overrides) checkPaths(each, settings, "")
  const given = new Map(sets)
  for (const path of given.keys()) {
    if (!known.includes(path)) {
      throw invalid(`--set ${path}: there is no such setting`, `did you mean ${nearest(path, known).join(", ")}?`)
    }
  }
  const config: any = {}
  const printed = all.map(([path, setting]): PrintedSetting => {
    const text = given.get(path)
    const overridden = overrides.map((each) => at(each, path)).findLast((value) => value !== undefined)
    const raw = text === undefined ? overridden ?? setting.value : parseText(text)
    let value: unknown
    try {
      value = Schema.decodeUnknownSync(setting.schema)(raw)
    } catch (error) {
      throw invalid(
        `\`${path}\` cannot be ${JSON.stringify(raw)}`,
        `${String((error as Error).message).split("\n")[0]}; declared: ${JSON.stringify(setting.value)}`
      )
    }
    const names = path.split(".")
    names.slice(0, -1).reduce((inner, name) => (inner[name] ??= {}), config)[names.at(-1)!] = value
    const same = JSON.stringify(value) === JSON.stringify(setting.value)
    return same
      ? { path, value, label: setting.label, source: setting.source }
      : {
        path,
        value,
        label: "ours",
        source: setting.source,
        declared: `${setting.label}: ${JSON.stringify(setting.value)}`
      }
  })
  return { config, printed }
}
