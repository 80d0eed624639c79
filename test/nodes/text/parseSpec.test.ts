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
      { clauseId: "C1", title: "one", categories: ["a", "b"], text: "First.\n\n- point" },
      { clauseId: "C2", title: "two", categories: [], text: "Second." }
    ])
  })

  it("reads line ends of other systems and lower headings as text", () => {
    const [clause] = parseSpec("spec.md", "## C1: one\r\n\r\nText.\r\n### more\r\nDetail.\r\n")
    assert.strictEqual(clause!.text, "Text.\n### more\nDetail.")
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

  it("of the hazards has fourteen clauses, each with a category and text of its own", () => {
    const clauses = parseSpec("safety.md", readFileSync(new URL("../../../specs/safety.md", import.meta.url), "utf8"))
    assert.deepStrictEqual(clauses.map((clause) => clause.clauseId), Array.from({ length: 14 }, (_, i) => `S${i + 1}`))
    assert.strictEqual(new Set(clauses.map((clause) => clause.text)).size, 14)
    for (const clause of clauses) assert.include(clause.categories, clause.clauseId)
  })
})
