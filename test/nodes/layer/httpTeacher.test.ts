/** A teacher behind a server: how it is asked in each style, and which replies are lessons. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { httpTeacher } from "../../../nodes/layer/httpTeacher.ts"
import { teacherMessages } from "../../../nodes/layer/teacherPrompt.ts"
import { type LessonRequest, Teacher } from "../../../nodes/service/Teacher.ts"
import { chatServer, completion, type Reply } from "./chatServer.ts"

const request: LessonRequest = {
  prompt: "May I shout?",
  label: "harmful",
  clauses: [{ clauseId: "S1", title: "Birds", categories: ["S1"], text: "- Forbidden: shouting at birds.\n" }],
  style: "citing"
}

describe("teacherMessages", () => {
  it("show the clauses in the citing style alone, and the request as it is", () => {
    const [system, user] = teacherMessages(request)
    assert.include(system!.content, "name the clauses that apply by their ids")
    assert.include(system!.content, "## S1: Birds\n- Forbidden: shouting at birds.")
    assert.deepStrictEqual(user, { role: "user", content: "May I shout?" })
    assert.include(teacherMessages({ ...request, clauses: [] })[0]!.content, "No clause matters here.")
    const [plain] = teacherMessages({ ...request, style: "plain" })
    assert.notInclude(plain!.content, "S1")
    assert.deepStrictEqual(teacherMessages({ ...request, label: "benign" }), teacherMessages(request))
  })
})

describe("httpTeacher", () => {
  const lesson = (body: unknown) =>
    Effect.gen(function*() {
      const { asked, baseUrl } = yield* chatServer((): Reply => ({ body }))
      const given = yield* Effect.flatMap(Teacher, (teacher) => teacher.answer(request)).pipe(
        Effect.provide(httpTeacher({ baseUrl, model: "teacher" }))
      )
      return { asked, given }
    }).pipe(Effect.scoped)
  const reply = (content: string, reasoning: string | null, finish_reason = "stop") =>
    completion(content, { finish_reason, message: { role: "assistant", content, reasoning_content: reasoning } })

  it.live("takes the reasoning and the answer that the server splits", () =>
    Effect.gen(function*() {
      const { asked, given } = yield* lesson(reply(" No. ", "\nS1 forbids it.\n"))
      assert.deepStrictEqual(given, { reasoning: "S1 forbids it.", answer: "No." })
      assert.deepInclude(asked[0]!.body, { model: "teacher", temperature: 0, max_tokens: 8192 })
    }))

  it.live("has no lesson where a reply is cut, empty, filtered or without reasoning", () =>
    Effect.gen(function*() {
      for (
        const body of [
          reply("No", "why", "length"),
          reply("", "why"),
          reply("No", null),
          reply("No", "x", "content_filter")
        ]
      ) {
        assert.strictEqual((yield* lesson(body)).given, null)
      }
    }))
})
