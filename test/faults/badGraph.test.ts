/**
 * Experiments whose graph or whose rows are not what they should be, written as a user writes them: each gets one message
 * with the file or the node, the row, and what to do, with exit code 2 before anything runs and 1 where a body is wrong;
 * what was finished is kept. What looks odd and is right (nulls, empty tables, huge cells) goes through.
 */
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { start } from "../support/pipeline.ts"
import { ran } from "../support/whatRan.ts"
import { copyProject, type Project } from "./copyProject.ts"

let project: Project
beforeAll(() => void (project = copyProject()))
afterAll(() => project.remove())

/** What every experiment here begins with. */
const head = `import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Experiment from "sinternal/runtime/Experiment.ts"
import * as Node from "sinternal/runtime/Node.ts"
import * as Pipeline from "sinternal/runtime/Pipeline.ts"
import { query } from "sinternal/runtime/Query.ts"
import * as Type from "sinternal/runtime/Type.ts"
const Row = Type.table("row", { id: Schema.String, n: Schema.Finite }, { id: ["id"] })
const Text = Type.table("text", { id: Schema.String, text: Schema.NullOr(Schema.String) }, { id: ["id"] })
const Texts = Type.value("texts", Schema.Struct({ headline: Schema.String }))
const seed = Node.make({ name: "seed", inputs: {}, output: Row, run: () => [{ id: "a", n: 1 }, { id: "b", n: 2 }] })
const told = Node.make({
  name: "told",
  inputs: { rows: Text },
  output: Texts,
  *run({ rows }) {
    return { headline: JSON.stringify((yield* rows.all).map(({ text }) => text)) }
  }
})
`

const tail = `
export default Experiment.make({
  pipeline: Pipeline.make({ name: "odd", settings: {}, build }),
  config: {},
  layers: () => Layer.empty
})
`

/** Runs it on a cache of its own, so that none finds another's results. */
const run = (name: string, body: string, ...args: ReadonlyArray<string>) => {
  project.write(`${name}.ts`, `${head}${body}${tail}`)
  return start(["run", `${name}.ts`, "--cache", join(project.cache, name), ...args], { cwd: project.path }).finished
}

interface Refusal {
  readonly body: string
  readonly message: RegExp
}

const bodyOf = (result: string) =>
  `const bad = Node.make({ name: "bad", inputs: { rows: Row }, output: Row, run: (): any => ${result} })
const build = () => ({ end: bad({ rows: seed({}) }) })`

const rowBodyOf = (result: string, output = "Row") =>
  `const bad = Node.mapRows({ name: "bad", input: Row, output: ${output}, run: ({ id, n }): any => (${result}) })
const build = () => ({ end: bad({ rows: seed({}) }) })`

const withParams = (schema: string, value: string) =>
  `const holdsItself: any = {}
holdsItself.self = holdsItself
const plus = Node.mapRows({ name: "plus", input: Row, output: Row, params: { by: ${schema} }, run: (row) => row })
const build = () => ({ end: plus({ rows: seed({}) }, { by: ${value} }) })`

/** Refused before anything runs. */
const plans: { readonly [what: string]: Refusal } = {
  "a graph in a circle": {
    body: `const chain = Node.mapRows({ name: "chain", input: Row, output: Row, run: (row) => row })
const one: any = chain({ rows: seed({}) })
one.inputs.rows = chain.as("second")({ rows: one })
const build = () => ({ one })`,
    message:
      /chain cannot be planned: it needs its own result: chain reads second reads chain\n.*connect nodes to results/
  },
  "two nodes of one name": {
    body: `const first = Node.mapRows({ name: "same", input: Row, output: Row, run: (row) => row })
const second = Node.mapRows({ name: "same", input: Row, output: Row, run: ({ id, n }) => ({ id, n: n + 1 }) })
const build = () => ({ end: second({ rows: first({ rows: seed({}) }) }) })`,
    message:
      /two different nodes of this graph have this name: .*\.ts:\d+\) \(.*\.ts:\d+\)\n.*node\.as\("another name"\)/
  },
  "a parameter that is a function": {
    body: withParams("Schema.Unknown", "() => 1"),
    message: /\.ts: plus: its parameter by cannot be part of a key: a function .*\n.*a schema that encodes it as JSON/
  },
  "a parameter that is not a number": {
    body: withParams("Schema.Number", "Number.NaN"),
    message: /\.ts: plus: its parameter by cannot be part of a key: NaN .*\n.*a schema that encodes it as JSON/
  },
  "a parameter that holds itself": {
    body: withParams("Schema.Unknown", "holdsItself"),
    message: /\.ts: plus does not accept its parameters: one of them holds itself\n.*the node's `params`/
  },
  "a parameter of another type": {
    body: withParams("Schema.Int", "\"one\""),
    message: /\.ts: plus does not accept its parameters: by: Expected number\n.*the node's `params`/
  },
  "a column that no table can hold": {
    body: `const Odd = Type.table("odd", { id: Schema.String, f: Schema.Symbol }, { id: ["id"] })
const odd = Node.make({ name: "odd", inputs: { rows: Row }, output: Odd, run: (): any => [] })
const build = () => ({ end: odd({ rows: seed({}) }) })`,
    message:
      /odd .*\.ts:\d+\) cannot be planned: its table odd cannot be stored: column f is of type Symbol.*use String/
  },
  "a build that returns nothing": {
    body: "const build = () => undefined",
    message: /\.ts: its pipeline's `build` returns nothing to run\n.*\{ name: node\(inputs, params\) \}/
  },
  "a build that returns something else": {
    body: "const build = () => ({ one: 1 })",
    message:
      /\.ts: its pipeline's `build` returns one, which is no connected node\n.*\{ name: node\(inputs, params\) \}/
  },
  "a build that throws": {
    body: "const build = () => { throw new Error(\"no such arm\") }",
    message: /\.ts: it cannot be built: no such arm \(.*\.ts:\d+\)\n.*mend the pipeline's `build`/
  }
}

/** Refused where they come up; the node above them is kept. */
const bodies: { readonly [what: string]: Refusal } = {
  "two rows of one id": {
    body: bodyOf("[{ id: \"a\", n: 1 }, { id: \"b\", n: 2 }, { id: \"a\", n: 3 }]"),
    message: /bad \(\w{8}\) failed: two of its 3 rows have the id a\n.*ids \(id\) must be unique/
  },
  "two rows of one id out of a row node": {
    body: `const Kind = Type.table("kind", { kind: Schema.String, n: Schema.Finite }, { id: ["kind"] })
${rowBodyOf("{ kind: \"k\", n }", "Kind")}`,
    message: /bad \(\w{8}\) failed: two of its 2 rows have the id k\n.*ids \(kind\) must be unique/
  },
  "two rows of one id out of a statement": {
    body: `const bad = Node.sql({
  name: "bad",
  inputs: { rows: Row },
  output: Row,
  select: ({ rows }) => query\`select 'k' as id, n from \${rows}\`
})
const build = () => ({ end: bad({ rows: seed({}) }) })`,
    message: /bad \(\w{8}\) failed: two of its 2 rows have the id k\n.*ids \(id\) must be unique/
  },
  "NaN in a table": {
    body: bodyOf("[{ id: \"a\", n: 1 }, { id: \"b\", n: Number.NaN }]"),
    message: /bad \(\w{8}\) failed: row 2 of its result \(b\): n: Expected a finite number\n.*mend it/
  },
  "NaN in a row": {
    body: rowBodyOf("{ id, n: id === \"b\" ? Number.NaN : n }"),
    message:
      /bad \(\w{8}\) failed: 1 of 2 rows have no result\n {4}row b: n: Expected a finite number\n.*1 finished rows are kept; mend it/
  },
  "NaN out of a statement": {
    body: `const bad = Node.sql({
  name: "bad",
  inputs: { rows: Row },
  output: Row,
  select: ({ rows }) => query\`select id, case id when 'b' then 'nan'::double else n end as n from \${rows}\`
})
const build = () => ({ end: bad({ rows: seed({}) }) })`,
    message: /bad \(\w{8}\) failed: column n: row 1: Expected a finite number\n.*mend it/
  },
  "NaN in a value": {
    body: `const Number_ = Type.value("number", Schema.Struct({ of: Schema.Struct({ n: Schema.Finite }) }))
const bad = Node.make({ name: "bad", inputs: { rows: Row }, output: Number_, run: () => ({ of: { n: Number.NaN } }) })
const build = () => ({ end: bad({ rows: seed({}) }) })`,
    message: /bad \(\w{8}\) failed: of\.n: Expected a finite number\n.*mend it/
  },
  "a null out of a statement where none may be": {
    body: `const bad = Node.sql({
  name: "bad",
  inputs: { rows: Row },
  output: Row,
  select: ({ rows }) => query\`select id, nullif(n, 2) as n from \${rows}\`
})
const build = () => ({ end: bad({ rows: seed({}) }) })`,
    message: /bad \(\w{8}\) failed: column n: row 1: null is not a float64\n.*mend it/
  },
  "a row without a column": {
    body: rowBodyOf("{ id }"),
    message: /bad \(\w{8}\) failed: 2 of 2 rows have no result\n {4}2 rows, first a: n: Missing key\n.*mend it/
  },
  "an object where rows are wanted": {
    body: bodyOf("({ id: \"a\", n: 1 })"),
    message: /bad \(\w{8}\) failed: it returned no rows: an array of rows with the columns id, n is wanted\n.*mend it/
  },
  "something thrown that is no error": {
    body: rowBodyOf("(() => { throw \"no luck\" })()"),
    message: /bad \(\w{8}\) failed: 2 of 2 rows have no result\n {4}2 rows, first a: no luck\n.*mend it/
  },
  "a cell of 600 MB": {
    body: rowBodyOf("{ id, text: id === \"b\" ? \"é\".repeat(300_000_000) : \"\" }", "Text"),
    message:
      /bad \(\w{8}\) failed: 1 of 2 rows have no result\n {4}row b: .*more than 536870912 bytes.*\n.*1 finished rows are kept/
  }
}

/** The whole of standard error is one message: what, where, and advice on a line of its own. */
const assertOneError = (stderr: string, message: RegExp) => {
  assert.match(stderr, message)
  assert.strictEqual(stderr.match(/^error: /gm)?.length, 1, stderr)
  assert.notMatch(stderr, /^\s+at .*[(/].*:\d+/m, "a stack trace")
}

const fileOf = (what: string) => what.replaceAll(/\W+/g, "-")

describe("refused before anything runs:", () => {
  it.each(Object.keys(plans))("%s", async (what) => {
    const { body, message } = plans[what]!
    const { events, exitCode, stderr } = await run(fileOf(what), body, "--json")
    assertOneError(stderr, message)
    assert.deepStrictEqual({ exitCode, ran: ran(events) }, { exitCode: 2, ran: [] })
  })
})

describe("refused where it comes up, with what was finished kept:", () => {
  it.each(Object.keys(bodies))("%s", async (what) => {
    const { body, message } = bodies[what]!
    const { events, exitCode, stderr } = await run(fileOf(what), body, "--json")
    assertOneError(stderr, message)
    assert.deepStrictEqual({ exitCode, ran: ran(events) }, { exitCode: 1, ran: ["seed"] })
  })
})

describe("odd and right:", () => {
  const sorted = `const same = Node.mapRows({ name: "same", input: Text, output: Text, run: (row) => row })
const sorted = Node.sql({
  name: "sorted",
  inputs: { rows: Text },
  output: Text,
  select: ({ rows }) => query\`select id, text from \${rows} order by text\`
})
const again = Node.mapRows({ name: "again", input: Text, output: Text, run: (row) => row })
const build = () => ({ end: told({ rows: again({ rows: sorted({ rows: same({ rows: texts({}) }) }) }) }) })`
  const texts = (rows: string) =>
    `const texts = Node.make({ name: "texts", inputs: {}, output: Text, run: () => ${rows} })\n${sorted}`

  it("nulls and empty texts are kept apart through rows and statements", async () => {
    const body = texts("[{ id: \"a\", text: null }, { id: \"b\", text: \"\" }, { id: \"c\", text: \"null\" }]")
    const { exitCode, stderr, stdout } = await run("nulls", body)
    assert.deepStrictEqual({ exitCode, stdout: stdout.trim() }, { exitCode: 0, stdout: "[null,\"\",\"null\"]" }, stderr)
  })

  it("tables without rows go through rows and statements, and are fresh afterwards", async () => {
    const first = await run("empty", texts("[]"))
    assert.deepStrictEqual({ exitCode: first.exitCode, stdout: first.stdout.trim() }, { exitCode: 0, stdout: "[]" })
    assert.include((await run("empty", texts("[]"))).stderr, "5 nodes fresh")
  })

  it("a cell of 200 MB is kept whole", async () => {
    const body = `const huge = Node.mapRows({
  name: "huge",
  input: Row,
  output: Text,
  run: ({ id }) => ({ id, text: id === "b" ? "x".repeat(199_999_999) + "y" : "z" })
})
const Length = Type.table("length", { id: Schema.String, length: Schema.Int, last: Schema.String }, { id: ["id"] })
const lengths = Node.sql({
  name: "lengths",
  inputs: { rows: Text },
  output: Length,
  select: ({ rows }) => query\`select id, length(text)::integer as length, right(text, 2) as last from \${rows}\`
})
const Told = Type.value("told", Schema.Struct({ headline: Schema.String }))
const tell = Node.make({
  name: "tell",
  inputs: { rows: Length },
  output: Told,
  *run({ rows }) {
    return { headline: (yield* rows.all).map(({ last, length }) => length + last).join(" ") }
  }
})
const build = () => ({ end: tell({ rows: lengths({ rows: huge({ rows: seed({}) }) }) }) })`
    const { exitCode, stderr, stdout } = await run("huge", body)
    assert.deepStrictEqual({ exitCode, stdout: stdout.trim() }, { exitCode: 0, stdout: "1z 200000000xy" }, stderr)
  })
})
