/**
 * The settings behind a changed parameter: those that moved from the same value to the same value as it did, and who
 * sets them now. Nodes receive values, not settings, so this is found by comparing, and several may fit.
 */
import type { Setting } from "../RunFacts.ts"
import { type Reason, short } from "../Why.ts"

export interface SettingBehind {
  readonly path: string
  /** Where its present value comes from: the command line, the experiment file, or the pipeline's own declaration. */
  readonly setBy: "--set" | "experiment" | "pipeline"
}

export interface SettingsNow {
  readonly settings: ReadonlyArray<Setting>
  /** Paths given with `--set`. */
  readonly sets: ReadonlySet<string>
}

const lastName = (path: string | undefined): string | undefined => path?.split(".").at(-1)

/** Settings that changed as a parameter did; those of its name alone where there are any. */
export const settingsBehind = (
  { from, path, to }: Reason,
  before: ReadonlyMap<string, Setting>,
  { sets, settings }: SettingsNow
): ReadonlyArray<SettingBehind> => {
  const moved = settings.filter((setting) => {
    const then = before.get(setting.path)
    return then !== undefined && short(then.value) === from && short(setting.value) === to
  })
  const ownName = moved.filter((setting) => lastName(setting.path) === lastName(path))
  return (ownName.length > 0 ? ownName : moved).map((setting) => ({
    path: setting.path,
    setBy: sets.has(setting.path) ? "--set" : setting.declared === undefined ? "pipeline" : "experiment"
  }))
}
