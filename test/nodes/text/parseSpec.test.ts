import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { parseSpec, SpecInvalid } from "../../../nodes/text/parseSpec.ts"

const refusal = (text: string): SpecInvalid => {
  try {
    parseSpec("spec.md", text)
  } catch (error) {
    return error as SpecInvalid
  }
  throw new Error("it was accepted")
}

describe("a specification", () => {
  it("is one row a clause, in the order of the file, without the text before the first", () => {
    const text = "# Title\n\nAbout.\n\n## C1: one\ncategories: a, b\n\nFirst.\n\n- point\n\n## C2: two\n\nSecond.\n"
    assert.deepStrictEqual(parseSpec("spec.md", text), [
      { clauseId: "C1", title: "one", categories: ["a", "b"], text: "First.\n\n- point", words: [], examples: [] },
      { clauseId: "C2", title: "two", categories: [], text: "Second.", words: [], examples: [] }
    ])
  })

  it("reads line ends of other systems and lower headings as text", () => {
    const [clause] = parseSpec("spec.md", "## C1: one\r\n\r\nText.\r\n### more\r\nDetail.\r\n")
    assert.strictEqual(clause!.text, "Text.\n### more\nDetail.")
  })

  it("may route by words and give examples, which are no part of the text", () => {
    const text =
      "## C1: one\n\nwords: red tape, Ink\ncategories: a\n\nText.\n\n### Examples\n\n- safe: this\n- unsafe: that\n"
    assert.deepStrictEqual(parseSpec("spec.md", text), [{
      clauseId: "C1",
      title: "one",
      categories: ["a"],
      words: ["red tape", "Ink"],
      text: "Text.",
      examples: ["safe: this", "unsafe: that"]
    }])
  })

  it("may be a list: one bullet a clause, its id in the bold part or made of it", () => {
    const text =
      "# Rules\n\nProse.\n\n- **C1 Ink** (a, b): Keep it\n  dry.\n  - Example: wet ink may not\n- **Red tape**: Cut it.\n"
    assert.deepStrictEqual(parseSpec("spec.md", text), [
      {
        clauseId: "C1",
        title: "Ink",
        categories: ["a", "b"],
        words: [],
        text: "Keep it\ndry.",
        examples: ["wet ink may not"]
      },
      { clauseId: "red-tape", title: "Red tape", categories: [], words: [], text: "Cut it.", examples: [] }
    ])
    assert.match(
      refusal("- **C1 a**: x\n- **C1 b**: y\n").message,
      /^spec\.md:2: clause C1 is there twice, first on line 1/
    )
    assert.match(refusal("- **C1 a**:\n").message, /^spec\.md:1: clause C1 has no text/)
  })

  it("is refused with file and line where it is none", () => {
    assert.match(refusal("  \n").message, /^spec\.md: the specification is empty; write clauses/)
    assert.match(refusal("only prose\n").message, /^spec\.md: there is no clause in it/)
    assert.match(
      refusal("## C1: a\n\nx\n\n## C1: b\n\ny\n").message,
      /^spec\.md:5: clause C1 is there twice, first on line 1/
    )
    assert.match(refusal("## C1: a\n\ncategories: x\n\n## C2: b\n\ny\n").message, /^spec\.md:1: clause C1 has no text/)
    assert.match(refusal("## C1 a\n\nx\n").message, /^spec\.md:1: `## C1 a` is not a clause heading/)
  })

  it("ships in two more lists, each clause with categories", () => {
    for (const [name, count] of [["bullets.md", 7], ["worldList.md", 6]] as const) {
      const clauses = parseSpec(name, readFileSync(new URL(`../../../specs/${name}`, import.meta.url), "utf8"))
      assert.strictEqual(clauses.length, count)
      assert.isTrue(clauses.every(({ categories }) => categories.length > 0))
    }
  })

  it("of the hazards has fourteen clauses, each with a category and text of its own", () => {
    const clauses = parseSpec("safety.md", readFileSync(new URL("../../../specs/safety.md", import.meta.url), "utf8"))
    assert.deepStrictEqual(clauses.map((clause) => clause.clauseId), Array.from({ length: 14 }, (_, i) => `S${i + 1}`))
    assert.strictEqual(new Set(clauses.map((clause) => clause.text)).size, 14)
    for (const clause of clauses) assert.include(clause.categories, clause.clauseId)
  })
})
