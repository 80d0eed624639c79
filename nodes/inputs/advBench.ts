/**
 * AdvBench: 520 harmful goals, split once and for all into goals to train on and goals held out. Goals that StrongREJECT
 * asks for too are left out of both, and near duplicates stay on one side.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { contentWords } from "../judge/contentWords.ts"
import { decodeYaml } from "./decodeFile.ts"
import { type Likeness, nearDuplicateGroups } from "./nearDuplicates.ts"
import type { Packages } from "./Packages.ts"
import type { PromptDraft } from "./promptDraft.ts"
import { bareText, distinct, inHashOrder } from "./promptDraft.ts"
import { readStrongReject } from "./strongReject.ts"

const path = "pyrit/datasets/seed_datasets/local/adv_bench.prompt"

const File = Schema.Struct({
  seeds: Schema.Array(Schema.Struct({ value: Schema.String, harm_categories: Schema.Array(Schema.String) }))
})

/** About a fifth of the goals is held out. */
const heldOutShare = 0.2

/** Groups of more goals are trained on: a held-out set of few questions asked often would measure little. */
const largestHeldOutGroup = 14

/** Two goals are alike when they share half of their content words. */
const likeness: Likeness = { words: contentWords, length: 1, share: 0.5, of: "both" }

export interface AdvBench {
  readonly train: ReadonlyArray<PromptDraft>
  readonly heldOut: ReadonlyArray<PromptDraft>
}

/** Splits by groups of near duplicates; which side a group is on depends on its texts alone. */
export const splitGoals = (drafts: ReadonlyArray<PromptDraft>): AdvBench => {
  const groups = nearDuplicateGroups(drafts.map(({ prompt }) => prompt), likeness)
  const ordered = inHashOrder([...new Set(groups)], (group) => drafts[group]!.prompt, 0)
  const sizes = Map.groupBy(groups, (group) => group)
  const heldOut = new Set<number>()
  let count = 0
  for (const group of ordered) {
    const size = sizes.get(group)!.length
    if (size > largestHeldOutGroup || count + size > heldOutShare * drafts.length) continue
    heldOut.add(group)
    count += size
  }
  return {
    train: drafts.filter((_, i) => !heldOut.has(groups[i]!)),
    heldOut: drafts.filter((_, i) => heldOut.has(groups[i]!))
  }
}

/** **Fails**: `PackageUnavailable`; `PromptsInvalid` for a file of another form. */
export const readAdvBench = Effect.fn("readAdvBench")(function*(packages: Packages) {
  const { pyrit } = packages
  const text = yield* Effect.flatMap(pyrit, (opened) => opened.text(path))
  const { seeds } = yield* decodeYaml(path, File, text)
  const asked = new Set((yield* readStrongReject(packages, "full")).map(({ prompt }) => bareText(prompt)))
  const drafts = seeds.map(({ harm_categories: [category], value }): PromptDraft => ({
    prompt: value.trim(),
    label: "harmful",
    source: path,
    topic: category ?? "uncategorised",
    family: "vanilla",
    reference: null
  }))
  return splitGoals(distinct(drafts).filter(({ prompt }) => !asked.has(bareText(prompt))))
})
