/**
 * Answers to imitate, for the baselines: a teacher's (STAR-1-like where it cites clauses, SafeChain-like where it does
 * not), kept only if the reward guard finds them right for their prompt; or the policy's own, refusals of harmful
 * requests and answers to benign ones (ThinkSafe-like). All from the same prompts as the verification examples.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { Teacher } from "./service/Teacher.ts"
import { Critique, Demonstration, Findings, LabelledPrompt, Lesson, Routed, SpecClause } from "./tables.ts"
import { CutAnswers } from "./text/cutAnswers.ts"
import { Scope, shownClauses } from "./text/shownClauses.ts"
import { fillTemplate } from "./text/fillTemplate.ts"

const RewardGuard = Guard.named("reward")

export const demonstrate = Node.mapRows({
  name: "demonstrate",
  description: "a teacher's answers to the training prompts",
  input: LabelledPrompt,
  side: { spec: SpecClause },
  carry: ["promptId"],
  params: {
    scope: Scope,
    style: Schema.Literals(["citing", "plain"]),
    target: Schema.String // slots: reasoning, answer
  },
  output: Lesson,
  uses: [Teacher, RewardGuard],
  given: ({ categories, prompt }, { spec }, { scope }) => shownClauses(spec, { categories, texts: [prompt] }, scope),
  *run({ label, prompt }, { given, params }) {
    const row = { label, prompt }
    if (label === "maths") return { ...row, target: "", fate: "no lesson" }
    const teacher = yield* Teacher
    const lesson = yield* teacher.answer({ prompt, label, clauses: given, style: params.style })
    if (lesson === null) return { ...row, target: "", fate: "no lesson" }
    const guard = yield* RewardGuard
    const { outcome, safe } = yield* guard.assess({ prompt, answer: lesson.answer, clauses: given, label })
    const fits = safe === true && (label === "harmful" || outcome === "answer")
    const target = fillTemplate(params.target, { ...lesson }).trim()
    return {
      ...row,
      target,
      fate: fits ? "kept" : safe === null ? "unparsable" : safe ? "refuses a benign request" : "unsafe"
    }
  }
})

export const lessons = Node.sql({
  name: "lessons",
  description: "the teacher's answers that fit",
  inputs: { lessons: Lesson },
  output: Demonstration,
  select: ({ lessons }) => Node.query`select "promptId", label, prompt, target from ${lessons} where fate = 'kept'`
})

export const ownDemonstrations = Node.sql({
  name: "ownDemonstrations",
  description: "the policy's own refusals and answers that fit",
  inputs: { answers: Routed, critiques: Critique, prompts: LabelledPrompt },
  params: { seed: Schema.Int, cutAnswers: CutAnswers }, // `judge`: of a cut answer the first sentence is taken
  output: Demonstration,
  select: ({ answers, critiques, prompts }, { cutAnswers, seed }) =>
    Node.query`
      with fitting as (
        select own."promptId", asked.label as label, own.prompt,
          case own."finishReason" when 'stop' then own.text else regexp_extract(own.text, '^(.*?[.!?])(?:\s|$)', 1, 's') end as target,
          row_number() over (partition by own."promptId" order by sha256(${seed} || '/own/' || own."sampleId"), own."sampleId") as place
        from ${answers} own
          join ${critiques} judged on own."sampleId" = judged."sampleId"
          join ${prompts} asked on own."promptId" = asked."promptId"
        where judged.verdict = 'safe' and (own."finishReason" = 'stop' or (own."finishReason" = 'length' and ${cutAnswers} = 'judge'))
          and own.outcome = case asked.label when 'harmful' then 'refusal' when 'benign' then 'answer' end)
      select "promptId", label, prompt, target from fitting where place = 1 and target <> ''`
})

/** What became of the lessons, or of the prompts where answers are the policy's own. */
export const demonstrationFindings = Node.make({
  name: "demonstrationFindings",
  description: "how many answers are imitated",
  inputs: { demonstrations: Demonstration, prompts: LabelledPrompt },
  params: { name: Schema.String },
  output: Findings,
  *run({ demonstrations, prompts }, { params }) {
    const rows = yield* demonstrations.all
    const asked = (yield* prompts.all).filter(({ label }) => label !== "maths")
    const of = (label: string) =>
      `${rows.filter((row) => row.label === label).length} of ${
        asked.filter((row) => row.label === label).length
      } ${label}`
    return [`${params.name} imitates answers to ${of("harmful")} and ${of("benign")} training prompts.`]
  }
})
