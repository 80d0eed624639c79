/**
 * `npm run bench:query`: measures `pipeline query` over a table of a million rows, in processes of their own, and says
 * what is right, how fast it is, and whether that is enough. Ends with 1 when something is not.
 *
 *     node bench/query/main.ts [--runs 5] [--rows 1000000] [--json] [--folder DIR]
 */
import { mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { start, type Use } from "../engine/Command.ts"
import { type Facts, writeDataset } from "./dataset.ts"
import { type Question, questions } from "./questions.ts"

const fullRows = 1_000_000

interface Measured {
  readonly question: Question
  readonly uses: ReadonlyArray<Use>
  readonly problems: ReadonlyArray<string>
}

const best = (uses: ReadonlyArray<Use>, of: keyof Use): number => Math.min(...uses.map((use) => use[of]))

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

const ask = async (question: Question, folder: string, facts: Facts, runs: number): Promise<Measured> => {
  const uses: Array<Use> = []
  const problems = new Set<string>()
  for (let run = 0; run < runs; run++) {
    const args = ["query", question.statement, "--json", "--cache", join(folder, "cache")]
    const { exitCode, stderr, stdout, use } = await start(args, { cwd: folder, env: process.env }).ended
    if (use !== undefined) uses.push(use)
    if (exitCode !== 0) problems.add(`exit ${exitCode}: ${stderr.slice(0, 200)}`)
    else if (JSON.stringify(JSON.parse(stdout)) !== JSON.stringify(question.right(facts))) {
      problems.add("a wrong answer")
    }
  }
  return { question, uses, problems: [...problems] }
}

/** What the limit is on, of the best run: other work only ever adds. */
const judged = ({ question, uses }: Measured, startS: number): number =>
  best(uses, "quietS") - (question.limit?.of === "beyondStart" ? startS : 0)

const verdict = (measured: Measured, startS: number, timed: boolean): string => {
  const { problems, question: { limit, rssAtMost }, uses } = measured
  if (problems.length > 0) return `FAIL ${problems.join("; ")}`
  if (!timed) return "right"
  if (limit !== undefined && judged(measured, startS) > limit.atMost) return "FAIL slow"
  return median(uses.map((use) => use.rssBytes)) > rssAtMost ? "FAIL large" : "pass"
}

const line = (measured: Measured, startS: number, timed: boolean): string => {
  const { question: { id, limit, rssAtMost, what }, uses } = measured
  const seconds = (value: number) => value.toFixed(2).padStart(6)
  return [
    id.padEnd(6),
    what.padEnd(22),
    seconds(median(uses.map((use) => use.wallS))),
    seconds(best(uses, "quietS")),
    seconds(judged(measured, startS)),
    seconds(best(uses, "cpuS")),
    `${Math.round(median(uses.map((use) => use.rssBytes)) / 1e6)} MB`.padStart(7),
    (limit === undefined ? "" : `${limit.of === "whole" ? "" : "+"}${limit.atMost} s`).padStart(6),
    `${rssAtMost / 1e6} MB`,
    verdict(measured, startS, timed)
  ].join("  ")
}

const whole = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 2) throw new Error(`--${name} ${text}: give a whole number above 1`)
  return value
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      rows: { type: "string", default: String(fullRows) },
      json: { type: "boolean", default: false },
      folder: { type: "string", default: tmpdir() }
    }
  })
  const [runs, rows] = [whole("runs", values.runs), whole("rows", values.rows)]
  const folder = mkdtempSync(join(values.folder, "bench-query-"))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  const load = loadavg()[0]!
  const facts = await writeDataset(join(folder, "cache"), rows)
  const measured: Array<Measured> = []
  for (const question of questions) measured.push(await ask(question, folder, facts, runs))
  const startS = best(measured[0]!.uses, "quietS")
  const timed = rows === fullRows
  const machine = `${availableParallelism()} cores of ${
    cpus()[0]?.model.trim() ?? "an unknown kind"
  }, Node ${process.version}, load ${load.toFixed(1)}; ${rows.toLocaleString("en-US")} rows, ${runs} runs`
  if (values.json) {
    const figures = measured.map((each) => ({
      id: each.question.id,
      uses: each.uses,
      judgedS: judged(each, startS),
      verdict: verdict(each, startS, timed)
    }))
    console.log(JSON.stringify({ machine, rows, figures }))
  } else {
    console.log(machine)
    console.log("                                wall   quiet  judged     CPU      RSS   limit")
    for (const each of measured) console.log(line(each, startS, timed))
  }
  if (measured.some((each) => verdict(each, startS, timed).startsWith("FAIL"))) process.exitCode = 1
}

process.on("SIGINT", () => process.exit(130)) // the folder is removed on exit
process.on("SIGTERM", () => process.exit(143))

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
