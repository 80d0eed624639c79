/**
 * How well a judge agrees with people: counts and rates over labelled rows, and a cross-validation whose folds never split
 * a group, so that a fitted judge is measured on answers it has not seen. Which rows and which judge is the caller's
 * business.
 */
import { hash } from "node:crypto"
import { cohenKappa } from "../maths/cohenKappa.ts"

export interface Judged {
  readonly label: boolean
  readonly predicted: boolean
}

/** Labels and predictions of one judge, counted. Rates are from 0 to 1, null where their denominator is 0. */
export interface Calibration {
  readonly n: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
  readonly accuracy: number | null
  /** Agreement beyond chance; null where labels and predictions are all one. */
  readonly kappa: number | null
}

const ratio = (part: number, whole: number): number | null => whole === 0 ? null : part / whole

/** Counts and rates of a judge's predictions, (rows) -> one. Positive is `true`. */
export const calibrate = (judged: ReadonlyArray<Judged>): Calibration => {
  const count = (label: boolean, predicted: boolean) =>
    judged.filter((row) => row.label === label && row.predicted === predicted).length
  const [truePositives, falsePositives] = [count(true, true), count(false, true)]
  const [falseNegatives, trueNegatives] = [count(true, false), count(false, false)]
  return {
    n: judged.length,
    truePositives,
    falsePositives,
    falseNegatives,
    trueNegatives,
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    accuracy: ratio(truePositives + trueNegatives, judged.length),
    kappa: cohenKappa(judged.map(({ label }) => String(label)), judged.map(({ predicted }) => String(predicted))).kappa
  }
}

/**
 * Which fold each group is in, from 0: groups of the most rows first, each into the fold that has fewest rows, so that
 * folds are of like size. Ties fall by the hash of the group.
 */
export const foldOfGroup = (groups: ReadonlyArray<string>, folds: number): ReadonlyMap<string, number> => {
  const sizes = [...Map.groupBy(groups, (group) => group)].map(([group, rows]) => ({
    group,
    size: rows.length,
    rank: hash("sha256", group, "hex")
  }))
  sizes.sort((a, b) => b.size - a.size || (a.rank < b.rank ? -1 : 1))
  const rows = Array.from({ length: folds }, () => 0)
  return new Map(sizes.map(({ group, size }) => {
    const fold = rows.indexOf(Math.min(...rows))
    rows[fold]! += size
    return [group, fold]
  }))
}

/**
 * Every row judged by a judge fitted on the other folds, in the order of `rows`. `fit` gets the rows of the other folds; a
 * judge without parameters ignores them.
 */
export const crossValidate = <Row extends { readonly group: string }>(
  rows: ReadonlyArray<Row>,
  labelOf: (row: Row) => boolean,
  fit: (training: ReadonlyArray<Row>) => (row: Row) => boolean,
  folds = 5
): ReadonlyArray<Judged> => {
  const foldOf = foldOfGroup(rows.map(({ group }) => group), folds)
  const judges = Array.from({ length: folds }, (_, fold) => fit(rows.filter(({ group }) => foldOf.get(group) !== fold)))
  return rows.map((row) => ({ label: labelOf(row), predicted: judges[foldOf.get(row.group)!]!(row) }))
}
