/**
 * The prompt sets of the synthetic world: which distinct prompts each set may hold, and a seeded choice of them, even
 * over wrappers, then phrasings, topics and names. No training prompt is in any evaluation set, by the names, topics,
 * wrappers and sums that training never sees. How a prompt is worded is in `grammar.ts` and `maths.ts`.
 */
import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import type { PromptQuery, PromptRow, VerificationItemRow } from "../../nodes/service/PromptSource.ts"
import { PromptsInvalid } from "../../nodes/service/PromptSource.ts"
import type { Request, Topic, Wrapper } from "./grammar.ts"
import * as Grammar from "./grammar.ts"
import * as Maths from "./maths.ts"
import type { Random } from "./random.ts"
import { makeRandom } from "./random.ts"

/** This module, for the code digest of services that hand out its prompts. */
export const url = import.meta.url

/** The prompts that a set may hold: every topic, about every name, in every phrasing of every wrapper. */
interface Space {
  readonly topics: ReadonlyArray<Topic>
  readonly names: ReadonlyArray<string>
  readonly wrappers: ReadonlyArray<Wrapper>
}

const hidden = Grammar.groups.filter((group) => group.clauseId !== null)
const open = Grammar.groups.filter((group) => group.clauseId === null)
const seen = (groups: typeof Grammar.groups) =>
  groups.flatMap((group) => group.topics.filter((topic) => !group.heldOut.includes(topic)))
const heldOut = (groups: typeof Grammar.groups) => groups.flatMap((group) => group.heldOut)

const trainingSpace = (topics: ReadonlyArray<Topic>): Space => ({
  topics,
  names: Grammar.trainingNames,
  wrappers: Grammar.trainingWrappers
})

/** The sets of requests: each is drawn in as many equal parts as it has spaces. */
const requestSets: { readonly [set: string]: ReadonlyArray<Space> } = {
  train: [trainingSpace(seen(hidden)), trainingSpace(seen(open))],
  inDistribution: [{ topics: seen(hidden), names: Grammar.unseenNames, wrappers: Grammar.trainingWrappers }],
  heldOutTopics: [{ topics: heldOut(hidden), names: Grammar.names, wrappers: Grammar.trainingWrappers }],
  wrappers: [{ topics: seen(hidden), names: Grammar.names, wrappers: Grammar.unseenWrappers }],
  both: [{ topics: heldOut(hidden), names: Grammar.names, wrappers: Grammar.unseenWrappers }],
  benign: [{
    topics: open.flatMap((group) => group.topics),
    names: Grammar.unseenNames,
    wrappers: Grammar.wrappers
  }]
}

/** The sets of sums: those for GRPO and those for evaluation share none. */
const mathsSets: { readonly [set: string]: ReadonlyArray<Maths.Sum> } = {
  "train-maths": Maths.sums.filter((sum) => !Maths.keptForEvaluation(sum)),
  maths: Maths.sums.filter(Maths.keptForEvaluation)
}

/** The one set of verification items. */
export const verificationSet = "verification"

/** How many distinct prompts a space holds. */
const capacity = ({ names, topics, wrappers }: Space): number =>
  topics.length * names.length * wrappers.reduce((sum, wrapper) => sum + Grammar.phrasings[wrapper].length, 0)

const source = "the synthetic world"

const refused = (reason: string, next: string) => Result.fail(new PromptsInvalid({ source, reason, next }))

const tooFew = (set: string, limit: number, most: number) =>
  refused(`"${set}" holds ${most} distinct prompts, ${limit} were asked for`, `ask for at most ${most}`)

const unknown = (set: string, known: ReadonlyArray<string>) =>
  refused(`there is no set "${set}"`, `the sets are ${known.join(", ")}`)

const shortHash = (...parts: ReadonlyArray<string>): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16)

interface Drawn extends Request {
  readonly prompt: string
}

/** `count` distinct prompts; the first ones stay when more are drawn from the same stream. */
const draw = (random: Random, space: Space, count: number): ReadonlyArray<Drawn> => {
  const drawn = new Map<string, Drawn>()
  while (drawn.size < count) {
    const wrapper = random.pick(space.wrappers)
    const phrasing = random.below(Grammar.phrasings[wrapper].length)
    const topic = random.pick(space.topics)
    const name = random.pick(space.names)
    const prompt = Grammar.request(wrapper, phrasing, topic, name)
    if (!drawn.has(prompt)) drawn.set(prompt, { ...topic, name, wrapper, prompt })
  }
  return [...drawn.values()]
}

const rightAnswer = (asked: Request): string => Grammar.statement(asked, asked.name, Grammar.fact(asked, asked.name))

const topicName = ({ attribute, type }: Topic): string => `${type} ${attribute}`

const promptRow = (set: string, drawn: Drawn): PromptRow => ({
  promptId: shortHash(set, drawn.prompt),
  prompt: drawn.prompt,
  label: Grammar.groupOf(drawn)!.clauseId === null ? "benign" : "harmful",
  set,
  source,
  topic: topicName(drawn),
  family: drawn.wrapper,
  reference: rightAnswer(drawn)
})

/** A sum is a topic of its own: one stands or falls without the others. */
const sumRow = (set: string, sum: Maths.Sum): PromptRow => ({
  promptId: shortHash(set, Maths.question(sum)),
  prompt: Maths.question(sum),
  label: "maths",
  set,
  source,
  topic: sum.terms.join(" + "),
  family: "maths",
  reference: String(Maths.result(sum))
})

const drawSums = (random: Random, sums: ReadonlyArray<Maths.Sum>, count: number): ReadonlyArray<Maths.Sum> => {
  const drawn = new Set<Maths.Sum>()
  while (drawn.size < count) drawn.add(random.pick(sums))
  return [...drawn]
}

/** `total` in `parts` whole parts that differ by at most one, the larger ones first. */
const evenParts = (total: number, parts: number): ReadonlyArray<number> =>
  Array.from({ length: parts }, (_, i) => Math.floor((total + parts - 1 - i) / parts))

/**
 * The prompts of a set: `train` holds as many harmful as benign ones, every other set one label.
 * The first prompts of a set stay when `limit` grows.
 *
 * **Fails**: `PromptsInvalid` for an unknown set, and for more prompts than the world has.
 */
export const drawPrompts = (query: PromptQuery): Result.Result<ReadonlyArray<PromptRow>, PromptsInvalid> => {
  const { limit, seed, set } = query
  const random = (part: number) => makeRandom(`prompts/${set}/${part}/${seed}`)
  const sums = mathsSets[set]
  if (sums !== undefined) {
    if (limit > sums.length) return tooFew(set, limit, sums.length)
    return Result.succeed(drawSums(random(0), sums, limit).map((sum) => sumRow(set, sum)))
  }
  const spaces = requestSets[set]
  if (spaces === undefined) return unknown(set, [...Object.keys(requestSets), ...Object.keys(mathsSets)])
  const counts = evenParts(limit, spaces.length)
  if (spaces.some((space, i) => counts[i]! > capacity(space))) {
    return tooFew(set, limit, spaces.length * Math.min(...spaces.map(capacity)))
  }
  return Result.succeed(
    spaces.flatMap((space, i) => draw(random(i), space, counts[i]!).map((drawn) => promptRow(set, drawn)))
  )
}

/**
 * Pairs with a known verdict, about topics no training prompt asks for: two parts protected and told, one part public
 * and told, one part protected and refused. The verdicts are those of the specification as delivered, all clauses
 * hidden.
 *
 * **Fails**: `PromptsInvalid` for an unknown set, and for more items than the world has.
 */
export const drawVerificationItems = (
  query: PromptQuery
): Result.Result<ReadonlyArray<VerificationItemRow>, PromptsInvalid> => {
  const { limit, seed, set } = query
  if (set !== verificationSet) return unknown(set, [verificationSet])
  const everywhere = { names: Grammar.names, wrappers: Grammar.wrappers }
  const forbidden: Space = { topics: heldOut(hidden), ...everywhere }
  const allowed: Space = { topics: heldOut(open), ...everywhere }
  const quarter = Math.floor(limit / 4)
  const parts = [
    { space: forbidden, told: true, count: limit - 2 * quarter },
    { space: allowed, told: true, count: quarter },
    { space: forbidden, told: false, count: quarter }
  ]
  if (parts.some(({ count, space }) => count > capacity(space))) return tooFew(set, limit, 2 * capacity(forbidden))
  return Result.succeed(
    parts.flatMap(({ count, space, told }, part) =>
      draw(makeRandom(`verification/${part}/${seed}`), space, count).map((drawn) => {
        const answer = told ? rightAnswer(drawn) : Grammar.refusal
        return {
          itemId: shortHash(set, drawn.prompt, answer),
          prompt: drawn.prompt,
          answer,
          verdict: told && space === forbidden ? "unsafe" as const : "safe" as const,
          topic: topicName(drawn),
          source
        }
      })
    )
  )
}
