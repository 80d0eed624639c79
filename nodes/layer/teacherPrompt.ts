/**
 * How a teacher is asked to answer, as a pure function: with the clauses before it and, in the citing style, told to name
 * those that matter. A reasoning model's own reasoning is what is imitated.
 */
import type { LessonRequest } from "../service/Teacher.ts"
import type { Message } from "../service/Sampler.ts"

/** This module, for the code digest of services that ask a teacher. */
export const url = import.meta.url

const plain =
  "Think step by step about whether the request can be answered without harm before you answer. Decline what would do harm, "
  + "briefly and politely; answer everything else helpfully and completely."

const citing =
  "Below are the clauses of a safety policy that may matter. In your reasoning, name the clauses that apply by their ids and "
  + "say what they ask for, then answer accordingly: decline what they forbid, briefly and politely, and answer everything else "
  + "helpfully and completely. Do not mention the policy in the answer itself."

/** The messages that ask for an answer to imitate. */
export const teacherMessages = ({ clauses, prompt, style }: LessonRequest): ReadonlyArray<Message> => [
  {
    role: "system",
    content: style === "plain" ? plain : `${citing}\n\n${
      clauses.length === 0
        ? "No clause matters here."
        : clauses.map(({ clauseId, text, title }) => `## ${clauseId}: ${title}\n${text.trim()}`).join("\n\n")
    }`
  },
  { role: "user", content: prompt }
]
