/**
 * A comparison of arms over training seeds with one report: rates with every interval there is, paired tests on common
 * prompts, two judges, what was kept and dropped. Call `study` at the top level of an experiment's module, with the arms
 * in the order in which they are printed, the base first.
 */
import { gatherFindings, gatherScores, gatherTables } from "../nodes/gather.ts"
import { JudgeAgreement } from "../nodes/judgeAgreement.ts"
import { harmCalibration, judgeCalibration, judgeErrors } from "../nodes/judgeCalibration.ts"
import { pairs } from "../nodes/pairs.ts"
import { PassAt } from "../nodes/passAt.ts"
import { report } from "../nodes/report.ts"
import { RewardStep } from "../nodes/rewardSteps.ts"
import { MixCount, Pairs } from "../nodes/tables.ts"
import type { Overrides } from "../runtime/Config.ts"
import type { Targets } from "../runtime/Pipeline.ts"
import type { arm, settings } from "./arm.ts"

/** One arm of a study: how it is called, and what of the config makes it. */
export interface StudyArm {
  readonly title: string
  readonly config: Overrides<typeof settings>
}

export interface StudyOptions {
  readonly title: string
  readonly notes: ReadonlyArray<string>
  /** Who the two judges are, in a sentence. */
  readonly judges: string
}

type ArmTargets = ReturnType<typeof arm.build>

/** A point of the sweep with its targets. */
export interface Measured {
  readonly point: { readonly arm: string; readonly seed: number }
  readonly targets: ArmTargets
}

const labelOf = ({ arm, seed }: Measured["point"]): string => seed === 0 ? arm : `${arm} seed ${seed}`

/** `pick` of every arm by label. */
const byLabel = <A>(arms: ReadonlyArray<Measured>, pick: (arm: Measured) => A): { readonly [label: string]: A } =>
  Object.fromEntries(arms.map((one) => [labelOf(one.point), pick(one)]))

const leaves = (value: unknown, path: string): ReadonlyArray<string> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`))
    : [`${path} = ${JSON.stringify(value)}`]

/** In which settings each arm differs from what all have in common, in a sentence. */
const differences = (arms: { readonly [arm: string]: StudyArm }): string =>
  `Arms differ in: ${
    Object.values(arms).map(({ config, title }) => `${title} (${leaves(config, "").join(", ") || "nothing"})`).join(
      "; "
    )
  }.`

/** The nodes of a study and its sweep: axes, and what connects the arms to one report. */
export const study = (
  arms: { readonly [arm: string]: StudyArm },
  seeds: ReadonlyArray<number>,
  options: StudyOptions
) => {
  const names = Object.keys(arms)
  const points = names.flatMap((arm) => seeds.map((seed) => ({ arm, seed })))
  const labels = points.map(labelOf)
  const first = points.filter(({ seed }) => seed === seeds[0]).map(labelOf)
  const scoresOf = gatherScores(labels)
  const passesOf = gatherTables(PassAt, first)
  const rewardsOf = gatherTables(RewardStep, first)
  const agreementOf = gatherTables(JudgeAgreement, first)
  const pairsOf = gatherTables(Pairs, seeds.length === 1 ? first.slice(1) : [])
  const noMix = gatherTables(MixCount, [])
  const findingsOf = gatherFindings([
    "calibration",
    "harm",
    ...labels.flatMap((label) => ["leaks", "lineage", "found", "stageTwo"].map((what) => `${what} ${label}`))
  ])
  const collect = (measured: ReadonlyArray<Measured>): Targets => {
    const firsts = measured.filter(({ point }) => point.seed === seeds[0])
    const base = firsts.find(({ point }) => point.arm === names[0])!
    const verifying = firsts.find(({ point }) => (arms[point.arm]!.config.arm?.stageOne ?? "verify") === "verify")
    const others = seeds.length === 1 ? firsts.filter((one) => one !== base) : []
    return {
      report: report({
        scores: scoresOf(byLabel(measured, ({ targets }) => targets.scores), {
          points: Object.fromEntries(measured.map(({ point }) => [labelOf(point), point]))
        }),
        pairs: pairsOf(
          byLabel(
            others,
            ({ point, targets }) =>
              pairs.as(`pairs:${point.arm}`)({ one: targets.judgements, base: base.targets.judgements }, {
                arm: point.arm
              })
          )
        ),
        mix: verifying === undefined ? noMix({}) : verifying.targets.counts,
        errors: judgeErrors({}),
        agreement: agreementOf(byLabel(firsts, ({ targets }) => targets.agreement)),
        passAt: passesOf(byLabel(firsts, ({ targets }) => targets.passAt)),
        rewards: rewardsOf(byLabel(firsts, ({ targets }) => targets.rewards)),
        findings: findingsOf({
          calibration: judgeCalibration({}),
          harm: harmCalibration({}),
          ...Object.fromEntries(
            measured.flatMap(({ point, targets }) =>
              (["leaks", "lineage", "found", "stageTwo"] as const).map((
                what
              ) => [`${what} ${labelOf(point)}`, targets[what]])
            )
          )
        }),
        settings: base.targets.settings
      }, {
        title: options.title,
        arms: names.map((name) => ({ arm: name, title: arms[name]!.title })),
        notes: [...options.notes, `The settings below are those of ${arms[names[0]!]!.title}. ${differences(arms)}`],
        judges: options.judges
      })
    }
  }
  return { axes: { arm: names, seed: [...seeds] }, configOf: (name: string) => arms[name]!.config, collect }
}
