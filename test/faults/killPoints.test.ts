/**
 * A mixed run is killed at any of its writes, syncs, links and renames, or loses power there, and the same command goes
 * on from what was durable: nothing that a run called finished is done again, and the results are those of a run that
 * nobody disturbed. Points are drawn from a seed; FAULTS_POINTS says how many.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { type Death, MixedRuns } from "./MixedRuns.ts"
import { random } from "./random.ts"

const points = Number(process.env["FAULTS_POINTS"] ?? 40)
const seed = Number(process.env["FAULTS_SEED"] ?? 1)

/** Two at a time: the machines that test this have two cores. */
const lanes = 2

interface Point {
  readonly refused: boolean
  readonly death: Death
  /** The run that takes up the work is killed as well. */
  readonly second: Death | undefined
}

const ways = ["before", "half", "after"] as const

/** Calls of an undisturbed run that change the cache, with or without a row that fails. */
let calls: { readonly whole: number; readonly refused: number }
let undisturbed: ReadonlyMap<string, string>

const countCalls = async (refused: boolean): Promise<number> => {
  const runs = new MixedRuns()
  const tell = join(runs.project.path, "..", "calls")
  const { exitCode, stderr } = await runs.run({ refused, tell })
  assert.strictEqual(exitCode, refused ? 1 : 0, stderr)
  if (!refused) undisturbed = await runs.contents()
  const made = readFileSync(tell, "utf8").split("\n").length - 1
  runs.remove()
  return made
}

/** A busy machine makes more durable at once, and then a run has fewer calls than the one that was counted. */
const surely = 0.85

/** The points of a seed, spread evenly over the run. */
const pointOf = (index: number): Point => {
  const draw = random(seed * 1000 + index)
  const refused = draw() < 0.25
  const death = (at: number): Death => ({
    at: 1 + Math.floor(at),
    how: ways[Math.floor(draw() * ways.length)]!,
    powerCut: draw() < 0.5
  })
  const first = death((index + draw()) / points * surely * (refused ? calls.refused : calls.whole))
  return { refused, death: first, second: draw() < 0.25 ? death(draw() * calls.whole * 0.7) : undefined }
}

/** Kills, goes on until the end, and compares. Returns how many of the runs were killed. */
const suffer = async (index: number): Promise<number> => {
  const { death, refused, second } = pointOf(index)
  const what = `point ${index} of seed ${seed}: ${JSON.stringify({ death, refused, second })}`
  const runs = new MixedRuns()
  const disturbed = [await runs.run({ death, refused })]
  if (second !== undefined) disturbed.push(await runs.run({ death: second }))
  for (const { exitCode, stderr } of disturbed) {
    if (exitCode !== null) assert.strictEqual(exitCode, refused ? 1 : 0, `${what}: ${stderr}`)
  }
  const { exitCode, stderr } = await runs.run()
  assert.strictEqual(exitCode, 0, `${what}: ${stderr}`)
  runs.assertNothingRepeated(what)
  assert.deepStrictEqual(await runs.contents(), undisturbed, what)
  runs.remove()
  return disturbed.filter((run) => run.exitCode === null).length
}

describe(`a run that is killed at one of ${points} points`, () => {
  beforeAll(async () => {
    const [whole, refused] = await Promise.all([countCalls(false), countCalls(true)])
    calls = { whole, refused }
  })

  it("goes on with the same command, repeats nothing that was durable, and ends with the same results", async () => {
    let next = 0
    let killed = 0
    const lane = async () => {
      while (next < points) {
        const times = await suffer(next++)
        killed += times
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    assert.isAbove(killed, points * 0.8, "most points lie within their run")
  })
})
