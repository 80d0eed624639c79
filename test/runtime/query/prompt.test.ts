/** The prompt on a pretended terminal: several lines, commands, what is wrong, Ctrl-C, history, completions. */
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { completions } from "../../../runtime/query/completions.ts"
import { existingCache } from "../../../runtime/query/existingCache.ts"
import { prompt } from "../../../runtime/query/prompt.ts"
import { addHistory, loadHistory } from "../../../runtime/query/promptHistory.ts"
import { statementEnd } from "../../../runtime/query/quotedPieces.ts"
import type { NamedTable } from "../../../runtime/query/tablesByName.ts"
import { uncoloured } from "../../../runtime/terminal/style.ts"
import { makeCache, texts } from "../../notebooks/support/madeCache.ts"

let made: Awaited<ReturnType<typeof makeCache>>
beforeAll(async () => {
  made = await makeCache([{
    run: "run-1",
    experiment: "experiments/a",
    startedAt: "2026-01-01T00:00:01.000Z",
    ok: true,
    tables: {
      critique: texts({ id: ["p1", "p2"], answer: ["yes", "a \u001b[31mlong answer of many words"] }),
      "scores:base": texts({ v: ["x"] })
    }
  }])
})
afterAll(() => made.remove())

const enter = "\r"
const ctrlC = "\u0003"
const ctrlD = "\u0004"
const up = "\u001b[A"

/** Types keys, each as soon as the one before was answered with a new prompt; what stands on the terminal in the end. */
const session = async (keys: ReadonlyArray<string>, columns = 80): Promise<string> => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  const output = Object.assign(new PassThrough(), { columns, isTTY: true })
  let shown = ""
  let answered = 0
  const left = [...keys, ctrlD]
  output.setEncoding("utf8").on("data", (text: string) => {
    shown += text
    const prompts = stripVTControlCharacters(shown).split(/^(?:sql|\.\.\.)> /mu).length - 1
    if (prompts <= answered) return
    answered = prompts
    const key = left.shift()
    if (key !== undefined) setImmediate(() => input.write(key))
  })
  await Effect.runPromise(
    prompt({ choice: {}, limit: 50, input, output, style: uncoloured }).pipe(Effect.provide(existingCache(made.folder)))
  )
  // what readline redraws at each key is not looked at, nor what was typed
  return stripVTControlCharacters(shown).replaceAll("\r\n", "\n").split("\n").filter((line) =>
    !/^(?:sql|\.\.\.)> /u.test(line)
  ).join("\n")
}

describe("the prompt", () => {
  it("takes statements over several lines, several on one, and an end within quotes for none", async () => {
    const text = await session([
      `select id${enter}`,
      `from critique -- ; no end${enter}`,
      `where id <> ';' order by id; select 7 seven; select${enter}`,
      `8 eight;${enter}`
    ])
    assert.include(text, "id\np1\np2\n2 rows\nseven\n    7\n1 row\n")
    assert.include(text, "eight\n    8\n1 row\n")
  })

  it("lists tables and their columns, says rows in full, and what it does not know", async () => {
    const text = await session([
      `\\d${enter}`,
      `\\d "scores:base"${enter}`,
      `\\d critiqe${enter}`,
      `\\x${enter}`,
      `select answer from critique where id = 'p2';${enter}`,
      `\\z${enter}`
    ], 60)
    assert.include(text, "table        rows  columns\ncritique        2  id, answer\nscores:base     1  v\n2 rows\n")
    assert.include(text, "column  type\nv       VARCHAR\n1 row\n")
    assert.include(text, "error: there is no table critiqe\n  did you mean critique? tables: critique, scores:base\n")
    assert.include(text, "rows in full\n── 1 of 1 ──\nanswer  a ␛[31mlong answer of many words\n")
    assert.include(text, "there is no command \\z; \\? lists them\n")
  })

  it("says what is wrong and asks again; Ctrl-C gives up what was typed", async () => {
    const text = await session([
      `select anser from critique;${enter}`,
      `select 'never${enter}`,
      ctrlC,
      `select 1 one;${enter}`,
      `\\q${enter}`
    ])
    assert.include(text, "did you mean answer?\nline 1: select anser from critique\n               ^\n")
    assert.include(text, "one\n  1\n1 row\n")
    assert.notInclude(text, "never")
  })

  it("keeps the lines for the next prompt, for their owner only", async () => {
    await session([`select 41 + 1 remembered;${enter}`])
    const text = await session([`${up}${enter}`])
    assert.include(text, "remembered\n        42\n")
    const file = join(made.folder, "v2", "derived", "query-history")
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    assert.include(readFileSync(file, "utf8"), "select 41 + 1 remembered;\n")
  })
})

describe("statementEnd", () => {
  it("is outside of quotes and comments", () => {
    const whole = [
      "select 1",
      "select ';'",
      "select $$;$$",
      "select 1 -- ;",
      "select /* ; */ 1",
      "select e'\\';'",
      "select \";"
    ]
    for (const text of whole) assert.strictEqual(statementEnd(text), -1, text)
    for (const text of whole.slice(0, 3)) assert.strictEqual(statementEnd(`${text};`), text.length, text)
    assert.strictEqual(statementEnd("select 1 -- ;\n;"), 14)
  })
})

describe("completions", () => {
  const table = (name: string, columns: ReadonlyArray<string>): readonly [string, NamedTable] => [name, {
    name,
    rows: 0,
    table: {
      schema: columns.map((column) => ({ name: column, type: { kind: "string", nullable: true } })),
      chunks: 0,
      readChunk: () => Effect.die("not read")
    }
  }]
  const tables = new Map([table("critique", ["verdict", "set name"]), table("scores:base", ["verdict"])])

  it("are names, quoted where they must be, words and commands", () => {
    assert.deepStrictEqual(completions("select ver", tables), [["verdict"], "ver"])
    assert.deepStrictEqual(completions("from sc", tables), [["\"scores:base\""], "sc"])
    assert.deepStrictEqual(completions("from \"sco", tables), [["\"scores:base\""], "\"sco"])
    assert.deepStrictEqual(completions("SE", tables), [["\"set name\"", "select"], "SE"])
    assert.deepStrictEqual(completions("\\", tables), [["\\d", "\\x", "\\q", "\\?"], "\\"])
    assert.deepStrictEqual(completions("select ", tables), [[], ""])
  })
})

describe("the history", () => {
  it("is the latest first, shortened once it is long, and none where nothing can be written", () => {
    const folder = mkdtempSync(join(tmpdir(), "sinternal-history-"))
    try {
      const file = join(folder, "derived", "lines")
      assert.deepStrictEqual(loadHistory(file), [])
      addHistory(file, "a")
      addHistory(file, "b")
      assert.deepStrictEqual(loadHistory(file), ["b", "a"])
      writeFileSync(file, Array.from({ length: 1001 }, (_, i) => `line ${i}\n`).join(""))
      assert.strictEqual(loadHistory(file)[0], "line 1000")
      assert.strictEqual(readFileSync(file, "utf8").split("\n").length, 501)
      addHistory(join(file, "below a file"), "x")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
