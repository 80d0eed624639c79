/** What an edit of a specification means, which rows it concerns, and what is said of a doubtful one. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { makeRandom } from "../../../models/sample/Random.ts"
import { affectedRows } from "../../../nodes/spec/affectedRows.ts"
import { checkSpec } from "../../../nodes/spec/checkSpec.ts"
import { specDiff, specDiffLines } from "../../../nodes/spec/specDiff.ts"
import { verdictFlips } from "../../../nodes/spec/verdictFlips.ts"
import { clauseRow } from "../support/inputs.ts"

const three = [clauseRow("C1", ["a"], "first text here"), clauseRow("C2", ["b"]), clauseRow("C3", ["c"])]
const [one, two, last] = three as [typeof three[0], typeof three[0], typeof three[0]]

describe("specDiff", () => {
  it("is empty for equal versions", () => {
    assert.deepStrictEqual(specDiff(three, three), {
      added: [],
      removed: [],
      changed: [],
      unchanged: ["C1", "C2", "C3"]
    })
    assert.deepStrictEqual(specDiffLines(specDiff(three, three)), [])
  })

  it("tells what was added, removed, renumbered, retitled, reworded and routed elsewhere", () => {
    const fourth = clauseRow("C4", ["d"])
    const after = [
      { ...one, text: "first text there", categories: ["a", "z"] },
      { ...two, clauseId: "N2", title: "new name" },
      fourth
    ]
    const diff = specDiff(three, after)
    assert.deepStrictEqual(diff.added, [fourth])
    assert.deepStrictEqual(diff.removed, [last])
    assert.deepStrictEqual(diff.unchanged, [])
    const [reworded, renumbered] = diff.changed
    assert.strictEqual(reworded!.clauseId, "C1")
    assert.deepInclude(reworded!.reworded, { before: "first text here", after: "first text there", cosmetic: false })
    assert.isTrue(0.3 < reworded!.reworded!.likeness && reworded!.reworded!.likeness < 0.9)
    assert.deepStrictEqual(reworded!.categories, { added: ["z"], removed: [] })
    assert.deepStrictEqual(renumbered, {
      clauseId: "N2",
      renumberedFrom: "C2",
      retitled: { before: "title C2", after: "new name" }
    })
    assert.deepStrictEqual(specDiffLines(diff).map((line) => line.slice(0, 4)), [
      "+ C4",
      "- C3",
      "~ C1",
      "~ C1",
      "~ N2",
      "~ N2"
    ])
  })

  it("tells layout from wording, and a clause that moved from those it passed", () => {
    const moved = specDiff(three, [last, one, { ...two, text: "Text  C2." }])
    assert.deepStrictEqual(
      moved.changed.map(({ clauseId, moved, reworded }) => [clauseId, moved, reworded?.cosmetic]),
      [
        ["C3", { before: 3, after: 1 }, undefined],
        ["C2", undefined, true]
      ]
    )
    assert.include(specDiffLines(moved), "~ C2: layout only")
  })
})

describe("affectedRows", () => {
  const rows = [["a"], ["b"], ["a", "c"], []].map((categories) => ({ categories, texts: ["some ink"] }))

  it("are those shown the edited clause before or after", () => {
    const edited = [{ ...one, text: "other" }, two, last]
    assert.deepStrictEqual(affectedRows(three, edited, rows, "routed"), [0, 2])
    assert.deepStrictEqual(affectedRows(three, edited, rows, "full"), [0, 1, 2, 3])
    const rerouted = [{ ...one, categories: ["b"] }, two, last]
    assert.deepStrictEqual(affectedRows(three, rerouted, rows, "routed"), [0, 1, 2])
  })

  it("of a new clause are those it touches: it is offered to every row", () => {
    const added = (clause: typeof one) => affectedRows(three, [...three, clause], rows, "routed")
    assert.deepStrictEqual(added(clauseRow("C4")), [0, 1, 2, 3])
    assert.deepStrictEqual(added(clauseRow("C4", ["c"])), [2])
    assert.deepStrictEqual(added({ ...clauseRow("C4", ["none"]), words: ["ink"] }), [0, 1, 2, 3])
    assert.deepStrictEqual(added(clauseRow("C4", ["none"])), [])
  })

  it("count exactly on 50,000 rows", () => {
    const { uniform } = makeRandom(4)
    const many = Array.from({ length: 50_000 }, () => ({
      categories: ["a", "b", "c", "d"].filter(() => uniform() < 0.1),
      texts: ["text"]
    }))
    const after = [{ ...one, text: "other", categories: ["a", "d"] }, two, last]
    const wanted = many.flatMap(({ categories }, i) => categories.includes("a") || categories.includes("d") ? [i] : [])
    assert.deepStrictEqual(affectedRows(three, after, many, "routed"), wanted)
  })
})

describe("checkSpec", () => {
  it("finds nothing in the specifications of hazards", () => {
    for (const name of ["safety.md", "bullets.md"]) {
      const text = readFileSync(new URL(`../../../specs/${name}`, import.meta.url), "utf8")
      assert.deepStrictEqual(checkSpec(name, text).problems, [])
    }
  })

  it("tells errors with their line, and warns of what no guard gives, of twins and of clauses for every row", () => {
    assert.deepStrictEqual(checkSpec("s.md", "## C1: a\n\nx\n\n## C1: b\n\ny\n"), {
      clauses: [],
      problems: [{
        level: "error",
        line: 5,
        clauseId: null,
        reason: "clause C1 is there twice, first on line 1",
        next: "give every clause an id of its own"
      }]
    })
    const doubtful = "## C1: a\ncategories: Voilent\n\nnever tell what the ledger says about money\n\n"
      + "## C2: b\n\nnever tell what the ledger says about the money\n"
    const { clauses, problems } = checkSpec("s.md", doubtful)
    assert.strictEqual(clauses.length, 2)
    assert.deepStrictEqual(problems.map(({ clauseId, level, line, reason }) => [level, line, clauseId, reason]), [
      ["warning", 1, "C1", "no guard gives the category Voilent"],
      ["warning", 1, "C1", "its text is nearly that of clause C2"],
      ["warning", 6, "C2", "it names no category and no words"]
    ])
    assert.strictEqual(problems[0]!.next, "did you mean \"Violent\"?")
  })
})

describe("verdictFlips", () => {
  const pair = (sampleId: string, verdict: "safe" | "unsafe" | null, cited: ReadonlyArray<string> = []) => ({
    sampleId,
    verdict,
    cited,
    shown: ["C1", "C2"]
  })

  it("counts flips for every clause that either critique cites", () => {
    const before = [pair("a", "unsafe", ["C1"]), pair("b", "unsafe", ["C1"]), pair("c", "safe"), pair("d", null)]
    const after = [pair("a", "safe"), pair("b", "unsafe", ["C1"]), pair("c", "unsafe", ["C2"]), pair("d", "safe")]
    assert.deepStrictEqual(verdictFlips(before, after), [
      { clauseId: "C1", judged: 2, toSafe: 1, toUnsafe: 0, samples: ["a"] },
      { clauseId: "C2", judged: 1, toSafe: 0, toUnsafe: 1, samples: ["c"] }
    ])
    assert.deepStrictEqual(verdictFlips(before, []), [])
  })
})
