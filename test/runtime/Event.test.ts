/** The published schema of events: the documents made from it, and what it lets through. */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { Event } from "../../runtime/Event.ts"
import { eventsMarkdown, eventsSchema, example } from "../../runtime/docs/eventsMarkdown.ts"

const file = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8")
const decode = Schema.decodeUnknownSync(Event, { onExcessProperty: "error" })

describe("docs/events", () => {
  it("is what `node runtime/docs/eventsMarkdown.ts` writes", () => {
    assert.strictEqual(file("events.md"), eventsMarkdown())
    assert.strictEqual(file("events.schema.json"), eventsSchema())
  })

  it("names every event with its fields and their meaning", () => {
    const text = eventsMarkdown()
    for (const member of Event.members) {
      const name = member.fields.event.literal
      const section = text.split(`### ${name}\n`)[1]!.split("\n### ")[0]!
      for (const field of Object.keys(member.fields)) {
        if (field !== "event") {
          assert.match(section, new RegExp(`\\| \`${field}\`[ *]* *\\| \\S+.*\\| \\S.*\\|`), `${name}.${field}`)
        }
      }
    }
  })

  it("shows a run whose lines are events", () => {
    const lines = file("events.md").split("```json\n")[1]!.split("\n```")[0]!.split("\n")
    const events = lines.map((line) => {
      const { t, ...event } = JSON.parse(line)
      assert.match(t, /^2026-11-21T14:22:\d\d\.\d{3}Z$/)
      return decode(event)
    })
    assert.deepStrictEqual(events, example)
  })
})

describe("Event", () => {
  it("refuses what is none: another name, a missing field, a negative count, a field too many", () => {
    const fresh = { event: "NodeFresh", label: "a", key: "k" } as const
    assert.deepStrictEqual(decode(fresh), fresh)
    for (
      const wrong of [{ ...fresh, event: "NodeOld" }, { event: "NodeFresh", label: "a" }, { ...fresh, rows: -1 }, {
        ...fresh,
        x: 1
      }]
    ) {
      assert.throws(() => decode(wrong))
    }
  })
})
