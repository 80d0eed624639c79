import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { nearDuplicateGroups } from "../../../nodes/inputs/nearDuplicates.ts"
import { nearestName } from "../../../runtime/nearestName.ts"
import { readCsv } from "../../../nodes/inputs/readCsv.ts"
import { readJsonl } from "../../../nodes/inputs/readJsonl.ts"
import { wrap } from "../../../nodes/inputs/wrappers.ts"
import { allWords } from "../../../nodes/judge/contentWords.ts"

describe("readCsv", () => {
  it.effect("passes notes over, keeps line breaks in cells, and knows the line of each record", () =>
    Effect.gen(function*() {
      const text = "# version=1,,\r\n# note\r\na,b\r\n1,\"x\r\ny\"\r\n\r\n2,\"say \"\"hi\"\", twice\"\r\n"
      assert.deepStrictEqual(yield* readCsv("f.csv", text), {
        columns: ["a", "b"],
        records: [
          { line: 4, cells: { a: "1", b: "x\r\ny" } },
          { line: 7, cells: { a: "2", b: "say \"hi\", twice" } }
        ]
      })
    }))

  it.effect("says on which line a record has another width", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(readCsv("f.csv", "# note\na,b\n\"1\n1\",2\n1,2,3\n"))
      assert.include(error.message, "f.csv: line 5: the header has 2 columns, this record 3")
    }))

  it.effect("refuses bad quoting and files without a record", () =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(readCsv("f.csv", "# n\na\n\"x\"y\n"))).message, "line 3")
      assert.include((yield* Effect.flip(readCsv("f.csv", ""))).message, "it holds no record")
      assert.include((yield* Effect.flip(readCsv("f.csv", "a,b\n"))).message, "it holds no record")
    }))
})

describe("readJsonl", () => {
  it.effect("reads one object a line and gathers the columns of all", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* readJsonl("f.jsonl", "{\"a\":1}\n\n{\"b\":\"x\"}\n"), {
        columns: ["a", "b"],
        records: [{ line: 1, cells: { a: 1 } }, { line: 3, cells: { b: "x" } }]
      })
    }))

  it.effect("says on which line JSON is invalid, or no object", () =>
    Effect.gen(function*() {
      const lines = Array.from({ length: 16 }, () => "{\"a\":1}").join("\n")
      assert.include(
        (yield* Effect.flip(readJsonl("f.jsonl", `${lines}\n{"a":`))).message,
        "f.jsonl: line 17: invalid JSON"
      )
      assert.include((yield* Effect.flip(readJsonl("f.jsonl", "[1]"))).message, "line 1: it is JSON but not an object")
      assert.include((yield* Effect.flip(readJsonl("f.jsonl", "\n"))).message, "it holds no record")
    }))
})

describe("nearDuplicateGroups", () => {
  it("joins texts directly and through others, by the shorter one's words", () => {
    const likeness = { words: allWords, length: 1, share: 0.5, of: "shorter" as const }
    // 0 and 1 share two of two words, 1 and 2 one of two; 3 shares nothing with any
    assert.deepStrictEqual(nearDuplicateGroups(["red fox runs", "red fox", "fox den", "blue sky"], likeness), [
      0,
      0,
      0,
      3
    ])
  })

  it("counts the words of both texts where it is told to", () => {
    const texts = ["one two three four", "one two", "one two three"]
    const likeness = { words: allWords, length: 1, of: "both" as const }
    // 0 and 1: 2 of 4 words; 0 and 2: 3 of 4; 1 and 2: 2 of 3
    assert.deepStrictEqual(nearDuplicateGroups(texts, { ...likeness, share: 0.7 }), [0, 1, 0])
    assert.deepStrictEqual(nearDuplicateGroups(texts, { ...likeness, share: 0.6 }), [0, 0, 0])
  })

  it("compares sequences, not bags of words", () => {
    const likeness = { words: allWords, length: 2, share: 0.5, of: "shorter" as const }
    assert.deepStrictEqual(nearDuplicateGroups(["a b c", "c b a", "z a b"], likeness), [0, 1, 0])
  })
})

describe("wrap", () => {
  it("fills every slot with the prompt as it is", () => {
    assert.strictEqual(wrap("Do {{ prompt }} and {{prompt}}!", "$& \\1"), "Do $& \\1 and $& \\1!")
  })

  it("leaves raw blocks and quoted braces as text", () => {
    assert.strictEqual(
      wrap("{% raw %}{{ prompt }} {x}{% endraw %} {{ '{{' }}b{{ \"}}\" }} {{ prompt }}", "p"),
      "{{ prompt }} {x} {{b}} p"
    )
  })
})

describe("nearestName", () => {
  it("finds a name within half of its letters, whatever the case", () => {
    assert.strictEqual(nearestName("Promt", ["text", "prompt", "label"]), "prompt")
    assert.strictEqual(nearestName("zzzzzz", ["text", "prompt"]), undefined)
  })
})
