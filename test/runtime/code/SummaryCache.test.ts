import * as Effect from "effect/Effect"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { FORMAT, type Summary } from "../../../runtime/code/Summary.ts"
import { readSummaries, writeSummaries } from "../../../runtime/code/SummaryCache.ts"
import { edited, type Files, open, openAt, write } from "./fixture.ts"

const program: Files = {
  "package.json": "{}",
  "node_modules/left/package.json": `{ "name": "left", "version": "1.2.3" }`,
  "runtime/Node.ts": "export const make = (spec: any) => spec",
  "ask.ts": `import { pad } from "left/pad"
import rubric from "./rubric.json" with { type: "json" }
export const ask = (text: string) => pad(text + rubric.a)
export const { one, two } = { one: 1, two: 2 }`,
  "rubric.json": `{ "a": 1 }`,
  "experiment.ts": `import { ask, two } from "./ask.ts"
import { make } from "./runtime/Node.ts"
import { basename } from "node:path"
export default make({ name: "n", run: () => ask(basename("a")) + two })`
}

const digestIn = async (root: string, cacheFile?: string) =>
  (await openAt(root, { cacheFile })).ofExport("experiment.ts", "default").digest

describe("the summary cache", () => {
  it("holds what parsing yields, and is written only where something was parsed", async () => {
    const root = write(program)
    const cacheFile = join(root, ".cache/code.json")
    const cold = await openAt(root, { cacheFile })
    await Effect.runPromise(cold.save)
    const written = statSync(cacheFile, { bigint: true }).mtimeNs
    assert.strictEqual(readSummaries(cacheFile).size, 2)
    const warm = await openAt(root, { cacheFile })
    await Effect.runPromise(warm.save)
    assert.strictEqual(statSync(cacheFile, { bigint: true }).mtimeNs, written)
    const of = (code: typeof cold) => {
      const { digest, outside, parts } = code.ofExport("experiment.ts", "default")
      return { digest, outside, parts }
    }
    assert.deepStrictEqual(of(warm), of(cold))
  })

  it("is what a digest is made of: a parsed text is not parsed again", async () => {
    const root = write(program)
    const cacheFile = join(root, "code.json")
    await Effect.runPromise((await openAt(root, { cacheFile })).save)
    const forged = [...readSummaries(cacheFile).values()].map((summary): Summary => ({
      ...summary,
      units: summary.units.map((unit) => ({ ...unit, hash: "forged" }))
    }))
    writeSummaries(cacheFile, forged)
    assert.notStrictEqual(await digestIn(root, cacheFile), await digestIn(root))
  })

  it("keeps the texts of other programs, within bounds", async () => {
    const root = write({ ...program, "other.ts": "export default 1" })
    const cacheFile = join(root, "code.json")
    await Effect.runPromise((await openAt(root, { cacheFile })).save)
    await Effect.runPromise((await openAt(root, { cacheFile, entry: "other.ts" })).save)
    assert.strictEqual(readSummaries(cacheFile).size, 3)
    const [own, ...rest] = readSummaries(cacheFile).values()
    const many = Array.from({ length: 200 }, (_, i) => ({ ...own!, text: `text ${i}` }))
    writeSummaries(cacheFile, rest, many)
    assert.deepStrictEqual([...readSummaries(cacheFile).keys()].slice(0, 3), [...rest.map((one) => one.text), "text 0"])
    assert.strictEqual(readSummaries(cacheFile).size, 104)
  })

  it("gives way to an edited text", async () => {
    const root = write(program)
    const cacheFile = join(root, "code.json")
    await Effect.runPromise((await openAt(root, { cacheFile })).save)
    writeFileSync(join(root, "ask.ts"), program["ask.ts"]!.replace("text +", "text + 1 +"))
    assert.strictEqual(await digestIn(root, cacheFile), await digestIn(root))
  })

  it("counts as empty where it is damaged, of another format, or missing", async () => {
    const root = write(program)
    const cacheFile = join(root, "code.json")
    await Effect.runPromise((await openAt(root, { cacheFile })).save)
    const text = readFileSync(cacheFile, "utf8")
    for (
      const damaged of [
        text.slice(0, -1),
        text.replace(`"binds"`, `"bonds"`),
        text.replace("summary 1", "summary 0"),
        ""
      ]
    ) {
      writeFileSync(cacheFile, damaged)
      assert.strictEqual(readSummaries(cacheFile).size, 0)
    }
    assert.strictEqual(readSummaries(join(root, "nowhere.json")).size, 0)
  })

  it("that cannot be written fails no run", async () => {
    const root = write({ ...program, file: "" })
    const code = await openAt(root, { cacheFile: join(root, "file/code.json") })
    await Effect.runPromise(code.save)
    assert.isFalse(existsSync(join(root, "file/code.json")))
  })

  it("names the parser that is installed", () => {
    const manifest = new URL("../../../node_modules/oxc-parser/package.json", import.meta.url)
    const { version } = JSON.parse(readFileSync(manifest, "utf8"))
    assert.isTrue(FORMAT.endsWith(`oxc-parser ${version}`))
  })
})

describe("a digest tells what it covers", () => {
  it("parts with places relative to the root, nearest first, and what lies outside", async () => {
    const { outside, parts } = (await open(program)).ofExport("experiment.ts", "default")
    assert.deepStrictEqual(parts.map(({ at, name }) => `${at} ${name}`), [
      "experiment.ts:4 *default*",
      "ask.ts:3 ask",
      "ask.ts:4 one, two",
      "rubric.json:1 data"
    ])
    assert.deepStrictEqual(outside, [
      "engine#make",
      "left@1.2.3/pad#pad",
      `node:path@${process.versions.node.split(".")[0]}#basename`
    ])
  })

  it("an edit changes the hash of the part that was edited, and of no other", async () => {
    const edits = [["ask.ts", "text +", "text + 1 +"], ["rubric.json", "1", "2"]] as const
    for (const [index, edit] of [[1, edits[0]], [3, edits[1]]] as const) {
      const of = async (files: Files) => (await open(files)).ofExport("experiment.ts", "default").parts
      const [before, after] = [await of(program), await of(edited(program, [edit]))]
      assert.deepStrictEqual(after.flatMap((part, i) => part.hash === before[i]!.hash ? [] : i), [index])
    }
  })

  it("a folder of a package may count without its version, and a package stand for a function", async () => {
    const of = async (version: string, ignorePackages: ReadonlyArray<string>) => {
      const manifest = `{ "name": "left", "version": "${version}" }`
      const root = write({ ...program, "node_modules/left/package.json": manifest })
      const code = await openAt(root, { ignorePackages })
      const installed = code.ofExport(join(root, "node_modules/left/pad.js"), "pad")
      assert.deepStrictEqual(installed.outside, [`left@${version}/pad.js#pad`])
      return [code.ofExport("experiment.ts", "default").digest, installed.digest]
    }
    const [node, pad] = await of("1.0.0", ["left/pad"])
    assert.strictEqual((await of("2.0.0", ["left/pad"]))[0], node)
    assert.notStrictEqual((await of("2.0.0", ["left/pad"]))[1], pad)
    assert.notStrictEqual((await of("2.0.0", ["left/pa"]))[0], node)
  })

  it("the same code in another folder has the same digest", async () => {
    assert.strictEqual(await digestIn(write(program)), await digestIn(write(program)))
  })

  it("files edited since they were read are named", async () => {
    const root = write(program)
    const code = await openAt(root)
    assert.deepStrictEqual(code.edited(), [])
    writeFileSync(join(root, "ask.ts"), program["ask.ts"]! + "\n")
    assert.deepStrictEqual(code.edited(), ["ask.ts"])
  })
})

it("an entry that is not there is refused, by its name", async () => {
  const failure = await openAt(write(program), { entry: "nowhere.ts" }).then(() => undefined, (error) => error)
  assert.match(String(failure.message ?? failure), /cannot read the code of nowhere\.ts: ENOENT/)
})
