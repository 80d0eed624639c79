import { assert, describe, it } from "vitest"
import { fitMarkdown } from "../../../runtime/terminal/fitMarkdown.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"

const table = `| measure                 |   n |         base |   verify-SFT |
| ----------------------- | --: | -----------: | -----------: |
| attack success ↓        | 300 | 69.7 (64–75) |   7.0 (5–10) |
| … under unseen wrappers | 300 | 92.3 (89–95) | 31.3 (26–37) |`

const widest = (text: string): number => Math.max(...text.split("\n").map(displayWidth))

describe("Markdown on a terminal", () => {
  it("stays as it is where it fits", () => {
    const text = `# Title\n\n${table}\n\n- a note\n`
    assert.strictEqual(fitMarkdown(text, 64), text)
  })

  it("has a table that is too wide as several, each with the names of the rows", () => {
    assert.strictEqual(
      fitMarkdown(`${table}\n`, 44),
      `| measure             |   n |         base |
| ------------------- | --- | ------------ |
| attack success ↓    | 300 | 69.7 (64–75) |
| … under unseen      | 300 | 92.3 (89–95) |
| wrappers            |     |              |

| measure             |   verify-SFT |
| ------------------- | ------------ |
| attack success ↓    |   7.0 (5–10) |
| … under unseen      | 31.3 (26–37) |
| wrappers            |              |
`
    )
  })

  it("keeps within any width that its cells allow", () => {
    const bar = `| a \\| b | ${"c".repeat(12)} |\n| --- | --- |\n| long name of a row | x |`
    const text = `${table}\n\n${bar}\n\n- ${"words of a note ".repeat(9)}\n  and its next line, which is long as well\n`
    for (let width = 31; width < 120; width++) assert.isAtMost(widest(fitMarkdown(text, width)), width, String(width))
    assert.include(fitMarkdown(text, 30), "a \\| b")
  })

  it("loses no cell and no word", () => {
    const words = (text: string) => new Set(text.split(/[\s|-]+/))
    for (const width of [30, 44, 58]) {
      assert.sameMembers([...words(fitMarkdown(table, width))], [...words(table.replaceAll(":", ""))])
    }
  })
})
