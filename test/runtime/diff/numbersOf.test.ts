/** Numbers in values and in the tables of a report, by hand. */
import { assert, describe, it } from "vitest"
import { numbersOf } from "../../../runtime/diff/numbersOf.ts"

const markdown = `# Quickstart

| measure | n | base | + GRPO |
| --- | ---: | --: | --- |
| attack success ↓ | 300 | 67.7 (62–73) | **−1.5** % |
| checked itself | 32–40 | $1,203 | – |

## Costs

| what | usd |
| :--- | --- |
| expert | 0.42 |
| expert | 0.50 |

A line | with a bar 5.
`

describe("numbersOf", () => {
  it("names numbers by the path that leads to them", () => {
    const found = numbersOf({ rate: 0.5, by: { safe: [1, { n: 2 }] }, text: "7", none: null, yes: true })
    assert.deepStrictEqual([...found], [["rate", 0.5], ["by · safe · 0", 1], ["by · safe · 1 · n", 2]])
    assert.deepStrictEqual([...numbersOf(3)], [["value", 3]])
  })

  it("reads the tables of a report by heading, row and column; a range is no number", () => {
    assert.deepStrictEqual([...numbersOf({ markdown, headline: "no table" })], [
      ["attack success ↓ · n", 300],
      ["attack success ↓ · base", 67.7],
      ["attack success ↓ · + GRPO", -1.5],
      ["checked itself · base", 1203],
      ["Costs · expert · usd", 0.42],
      ["Costs · expert · usd (2)", 0.5]
    ])
  })
})
