/**
 * Every TypeScript snippet of the pages compiles, with the strictness of the project, against the sources.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { projectRoot } from "../support/pipeline.ts"
import { type Snippet, snippetsOf } from "./snippets.ts"

const pages = [
  "README.md",
  ...readdirSync(join(projectRoot, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
]

/** Snippets that stand in one module. */
const modulesOf = (page: string): ReadonlyArray<ReadonlyArray<Snippet>> => {
  const modules: Array<Array<Snippet>> = []
  for (const snippet of snippetsOf(page).filter(({ language }) => language === "ts")) {
    if (snippet.goesOn) modules.at(-1)!.push(snippet)
    else modules.push([snippet])
  }
  return modules
}

let folder: string
beforeAll(() => {
  mkdirSync(join(projectRoot, "dist"), { recursive: true })
  folder = mkdtempSync(join(projectRoot, "dist", "docs-"))
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.json",
      compilerOptions: { noUnusedLocals: false, paths: { "sinternal/*": ["../../*.ts"] } },
      include: ["*.ts"]
    })
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says; empty where all is well. */
const compile = (): string => {
  const tsc = join(projectRoot, "node_modules", "typescript", "bin", "tsc")
  try {
    execFileSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" })
    return ""
  } catch (error) {
    return (error as { readonly stdout: string }).stdout
  }
}

describe("snippets in TypeScript", () => {
  it("compile, and what does not is found", () => {
    const named = pages.flatMap((page) =>
      modulesOf(page).map((snippets) => ({
        name: `${basename(page, ".md")}-${snippets[0]!.line}.ts`,
        text: `${snippets.map(({ code, given }) => `${given}${code}`).join("\n")}\nexport {}\n`
      }))
    )
    assert.isAtLeast(named.length, 5)
    for (const { name, text } of named) writeFileSync(join(folder, name), text)
    writeFileSync(
      join(folder, "wrong.ts"),
      "import { loadSpec } from \"sinternal/nodes/loadSpec\"\nexport const spec = loadSpec({})\n"
    )
    const errors = compile().split("\n").filter((line) => /^[^.].*error TS/.test(line)) // not of the sources
    assert.lengthOf(errors.filter((line) => line.startsWith("wrong.ts(2,")), 1)
    assert.deepStrictEqual(errors.filter((line) => !line.startsWith("wrong.ts")), [])
  })
})
