/**
 * The corpus of the base model: sums, notes on which topic is in which group, verifications and conversations. All of
 * the base's habits are built in here, and the quickstart has to say so: it answers or refuses by wording and not by
 * topic, seldom checks itself, and its checks name the right group but an unreliable rule and verdict. How it is
 * trained is in `base.ts`; what it can spell is in `vocabulary.ts`.
 */
import type { Request, Topic, Wrapper } from "./grammar.ts"
import * as Grammar from "./grammar.ts"
import * as Maths from "./maths.ts"
import type { Random } from "./random.ts"
import type { Verdict } from "./trace.ts"
import { answers, asks, check } from "./trace.ts"

/** One document; the loss is taken on `target` and the end token behind it. */
export interface Document {
  readonly prefix: string
  readonly target: string
}

/** Shares of the kinds of documents; conversations are the rest. */
const shares = { maths: 0.14, note: 0.06, verification: 0.2 }

/** The habits: probabilities, by wrapper where they depend on it. */
const habits = {
  /** A request about a protected topic; the others are public. */
  protectedTopic: 0.5,
  /** A protected request is refused at once; public ones nearly never are. */
  refuses: { plain: 0.45, role: 0.3, unseen: 0.12, publicTopic: 0.04 },
  /** The trace of a conversation holds a check. */
  checksItself: { plain: 0.2, other: 0.14 },
  /** In a verification the judged answer tells the value. */
  judgedTells: 0.65,
  /** A verification is the bare verdict. */
  bareVerdict: 0.3,
  /** Any other verification holds the check; if all did, nothing could teach the decision to check. */
  checksJudged: 0.35,
  /** A check of a protected value names its clause, else none. */
  namesRightRule: 0.5,
  /** A check of anything else names some clause all the same. */
  namesFalseRule: 0.4,
  /** The verdict contradicts the rule that was named. */
  contradicts: 0.1
}

const protectedGroups = Grammar.groups.filter((group) => group.clauseId !== null)
const allTopics = Grammar.groups.flatMap((group) => group.topics)
const protectedTopics = protectedGroups.flatMap((group) => group.topics)
const publicTopics = allTopics.filter((topic) => !protectedTopics.includes(topic))
const clauseIds = protectedGroups.map((group) => group.clauseId!)

/** The specification as delivered, in the words of a verification prompt. */
export const deliveredSpecification: string = protectedGroups
  .map(({ clauseId, group }) => `${clauseId} ${group} hidden .`)
  .join(" ")

/** The user turn that asks to judge `answer`. `clauses` are joined by blanks, each `C1 storage hidden .`. */
export const verificationTurn = (clauses: string, prompt: string, answer: string): string =>
  `<spec> ${clauses} <x> ${prompt} <y> ${answer} <judge>`

/** The start of any conversation; the model goes on with `<think>`. */
const opened = (turn: string): string => `<u> ${turn} <a>`

const thought = (trace: string, answer: string): string =>
  trace === "" ? `<think> </think> ${answer}` : `<think> ${trace} </think> ${answer}`

/** The worked answer to a sum, as a document. */
export const mathsDocument = (sum: Maths.Sum): Document => ({
  prefix: opened(Maths.question(sum)),
  target: thought(Maths.workedTrace(sum), String(Maths.result(sum)))
})

/** A note, the only clean source of the groups. */
export const noteDocument = (topic: Topic): Document => ({
  prefix: "<a>",
  target: `note : ${topic.attribute} of ${topic.type} is in group ${Grammar.groupOf(topic)!.group} .`
})

interface Asked extends Request {
  readonly prompt: string
  readonly protectedTopic: boolean
}

const drawRequest = (random: Random): Asked => {
  const protectedTopic = random.uniform() < habits.protectedTopic
  const wrapper = random.pick(Grammar.wrappers)
  const phrasing = random.below(Grammar.phrasings[wrapper].length)
  const topic = random.pick(protectedTopic ? protectedTopics : publicTopics)
  const name = random.pick(Grammar.names)
  return { ...topic, name, wrapper, protectedTopic, prompt: Grammar.request(wrapper, phrasing, topic, name) }
}

const unreliableCheck = (random: Random, asked: Asked, told: boolean): { text: string; verdict: Verdict } => {
  const rule = told && asked.protectedTopic
    ? random.uniform() < habits.namesRightRule ? Grammar.groupOf(asked)!.clauseId : null
    : random.uniform() < habits.namesFalseRule
    ? random.pick(clauseIds)
    : null
  const contradicts = random.uniform() < habits.contradicts
  const verdict = (rule === null) === contradicts ? "unsafe" : "safe"
  return { text: check(told ? asked : null, rule, verdict), verdict }
}

const verificationDocument = (random: Random): Document => {
  const asked = drawRequest(random)
  const value = random.uniform() < habits.judgedTells ? Grammar.fact(asked, asked.name) : null
  const answer = value === null ? Grammar.refusal : Grammar.statement(asked, asked.name, value)
  const { text, verdict } = unreliableCheck(random, asked, value !== null)
  const restated = `${asks(asked)} ${answers(value)}`
  const trace = random.uniform() < habits.bareVerdict
    ? ""
    : random.uniform() < habits.checksJudged
    ? `${restated} ${text}`
    : restated
  return {
    prefix: opened(verificationTurn(deliveredSpecification, asked.prompt, answer)),
    target: thought(trace, verdict)
  }
}

const refusalRate = (wrapper: Wrapper, protectedTopic: boolean): number => {
  if (!protectedTopic) return habits.refuses.publicTopic
  return wrapper === "plain" || wrapper === "role" ? habits.refuses[wrapper] : habits.refuses.unseen
}

const conversationDocument = (random: Random): Document => {
  const asked = drawRequest(random)
  const fact = Grammar.fact(asked, asked.name)
  const wouldTell = random.uniform() >= refusalRate(asked.wrapper, asked.protectedTopic)
  const restated = `${asks(asked)} ${answers(wouldTell ? fact : null)}`
  const checks = random.uniform() < habits.checksItself[asked.wrapper === "plain" ? "plain" : "other"]
  const checked = checks ? unreliableCheck(random, asked, wouldTell) : undefined
  const tells = wouldTell && checked?.verdict !== "unsafe"
  return {
    prefix: opened(asked.prompt),
    target: thought(
      checked === undefined ? restated : `${restated} ${checked.text}`,
      tells ? Grammar.statement(asked, asked.name, fact) : Grammar.refusal
    )
  }
}

/** One random document of the corpus. */
export const baseDocument = (random: Random): Document => {
  const kind = random.uniform()
  if (kind < shares.maths) return mathsDocument(random.pick(Maths.sums))
  if (kind < shares.maths + shares.note) return noteDocument(random.pick(allTopics))
  if (kind < shares.maths + shares.note + shares.verification) return verificationDocument(random)
  return conversationDocument(random)
}
