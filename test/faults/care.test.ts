/**
 * The care of a cache from the command line, beside runs and between them: gc takes nothing that a run needs and makes
 * nothing stale, damage is found and made good, a run goes from one cache into another, and wrong input is told.
 */
import { execFileSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { blobsOf } from "../../cache/Manifest.ts"
import { baseOf } from "../../cache/layout.ts"
import { corrupt, flipped } from "../cache/support/tempStore.ts"
import { type Finished, pipeline, start } from "../support/pipeline.ts"
import { ran, reused, rowsFound, rowsRan } from "../support/whatRan.ts"
import { contentsOf, manifestsOf } from "./contentOf.ts"
import { copyProject, type Project } from "./copyProject.ts"

let project: Project
beforeEach(() => void (project = copyProject()))
afterEach(() => project.remove())

const place = (name: string): string => join(project.path, "..", name)

/** A command about the cache alone. */
const care = (...args: ReadonlyArray<string>): Promise<Finished> => pipeline(...args, "--cache", project.cache)

const gone = (...args: ReadonlyArray<string>) =>
  care("gc", "--keep", "0d", "--json", ...args).then(({ exitCode, stderr, stdout }) => {
    assert.strictEqual(exitCode, 0, stderr)
    return JSON.parse(stdout) as {
      readonly kinds: ReadonlyArray<{ readonly kind: string; readonly goes: { readonly count: number } }>
      readonly working: number
      readonly deletedBytes: number
      readonly trash: { readonly bytes: number; readonly untilMs?: number | null }
    }
  })

const wentOf = ({ kinds }: Awaited<ReturnType<typeof gone>>) =>
  new Map(kinds.map(({ goes, kind }) => [kind, goes.count]))

const succeeded = async (finished: Promise<Finished>): Promise<Finished> => {
  const done = await finished
  assert.strictEqual(done.exitCode, 0, done.stderr)
  return done
}

const run = (...args: ReadonlyArray<string>) => succeeded(project.call("run", "--json", ...args))

/** Words of which no result is small. */
const many = (first: string) => Array.from({ length: 3000 }, (_, index) => `${first}${index}\n`).join("")

describe("gc between runs", () => {
  it("leaves what comes after fresh; what is asked for again is made again, its rows taken from their log", async () => {
    project.write("words.txt", many("slate"))
    await run()
    const before = await contentsOf(project.cache)
    project.write("words.txt", many("marble"))
    await run()
    const collected = await gone("--now")
    assert.isAbove(wentOf(collected).get("runs")!, 0)
    assert.isAbove(wentOf(collected).get("results")!, 0)
    assert.isAbove(collected.deletedBytes, 0)
    assert.include((await project.call("run")).stderr, "3 nodes fresh")

    project.write("words.txt", many("slate"))
    assert.strictEqual((await project.call("plan", "--exit-code")).exitCode, 0)
    const { events } = await run()
    assert.include(ran(events), "summary")
    assert.deepStrictEqual(rowsFound(events, "weigh")?.toRun ?? 0, 0)
    assert.deepStrictEqual(await contentsOf(project.cache), before)
    assert.strictEqual((await care("verify")).exitCode, 0)
  })

  it("keeps what is pinned until the pin is removed", async () => {
    await run()
    const { stdout } = await succeeded(care("pin", "first", "weigh"))
    assert.match(stdout, /^pin first: weigh of run /)
    assert.match((await care("pin", "--list")).stdout, /first .* weigh /)
    project.write("words.txt", "basalt\n")
    await run()
    const kept = await gone("--now")
    assert.strictEqual(wentOf(kept).get("small results"), 2) // of three: weigh's table is pinned
    await succeeded(care("pin", "--remove", "first"))
    assert.strictEqual(wentOf(await gone("--now")).get("small results"), 1)
  })
})

describe("gc beside a run", () => {
  /** A critic that answers once somebody has opened the gate for writing, and closed it again. */
  const gated = () => {
    execFileSync("/bin/sh", ["-c", "mkfifo \"$0\"", place("gate")])
    project.edit("nodes/Critic.ts", (text) =>
      text.replace(
        ": Effect.succeed(`fine ${word}`)",
        ": Effect.as(Effect.promise(() => opened ??= readFile(process.env[\"GATE\"]!)), `fine ${word}`)"
      ).replace("fingerprint: \"critic 1\"", "fingerprint: process.env[\"CRITIC\"] ?? \"\"")
        .replace("import * as Context", "import { readFile } from \"node:fs/promises\"\nimport * as Context") +
      "\nlet opened: Promise<unknown> | undefined\n")
  }
  const running = (critic: string, gate: string, ...args: ReadonlyArray<string>) =>
    start(["run", "experiment.ts", "--json", "--cache", project.cache, ...args], {
      cwd: project.path,
      env: { GATE: gate, CRITIC: critic }
    })
  const open = "/dev/null"

  it("takes nothing from it, deletes nothing that it may need, and loses nothing that it makes", async () => {
    gated()
    await succeeded(running("old", open).finished)
    project.write("words.txt", many("marble"))
    await succeeded(running("new", open).finished)

    // the rows and results of the first run are needed again, and no finished run of the experiment says so
    project.write("words.txt", "granite\nslate\nmarble\nbasalt\n")
    const third = running("old", place("gate"))
    const gate = openSync(place("gate"), "w") // returns once the run has asked for the word that is new
    const collected = await gone("--now")
    assert.strictEqual(collected.working, 1)
    assert.strictEqual(wentOf(collected).get("row logs"), 0)
    assert.strictEqual(wentOf(collected).get("runs"), 1)
    assert.strictEqual(collected.deletedBytes, 0)
    assert.notProperty(collected.trash, "untilMs")
    const early = await care("export", "run", "latest", "--to", place("early.tar"))
    assert.match(early.stderr, /it is still going on\n.*export it once it has ended/)
    closeSync(gate)
    const { events } = await succeeded(third.finished)
    assert.deepStrictEqual(rowsRan(events, "weigh"), { ran: 1, fresh: 3, failed: 0 })

    await gone()
    const again = await succeeded(running("old", open).finished)
    assert.deepStrictEqual(ran(again.events), [])
    assert.strictEqual(reused(again.events).length, 3)
    assert.strictEqual((await care("verify")).exitCode, 0)
  })

  it("finds what a run reads that began before: it takes it back out of the trash", async () => {
    gated()
    project.write("words.txt", many("slate"))
    await succeeded(running("old", open).finished)
    const large = blobsOf((await manifestsOf(project.cache)).get("weigh")!)
    project.write("words.txt", "granite\n")
    await succeeded(running("new", open).finished)
    // `words` and `summary` of the first run are fresh; only the critic is another one
    project.write("words.txt", many("slate"))
    const third = running("third", place("gate"))
    const gate = openSync(place("gate"), "w")
    const collected = await gone("--now")
    assert.isAbove(wentOf(collected).get("results")!, 0)
    closeSync(gate)
    const { events } = await succeeded(third.finished)
    assert.deepStrictEqual(ran(events), ["weigh"])
    assert.deepStrictEqual(blobsOf((await manifestsOf(project.cache)).get("weigh")!), large) // the same praise
    assert.include((await care("show", "words")).stdout, "slate7")
    assert.include((await care("show", "summary")).stdout, "3000 words")
    assert.strictEqual((await care("verify")).exitCode, 0)
  })
})

describe("verify", () => {
  it("finds damage, ends with 1, puts it away, and the next run makes it again", async () => {
    project.write("words.txt", many("slate"))
    await run()
    const before = await contentsOf(project.cache)
    const base = baseOf(project.cache)
    for (const folder of ["blobs", "memo"]) {
      for (const entry of readdirSync(join(base, folder), { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) corrupt(join(entry.parentPath, entry.name), flipped)
      }
    }
    const found = await care("verify")
    assert.strictEqual(found.exitCode, 1)
    assert.match(found.stdout, /damaged blob: weigh\n/)
    assert.match(found.stdout, /damaged row log: (?:row [0-9a-f]{8} of )?weigh\n/)
    assert.match(found.stdout, /`pipeline verify --quarantine` puts what is damaged out of the way/)
    const put = await care("verify", "--quarantine", "--json")
    assert.strictEqual(put.exitCode, 1)
    assert.isTrue(JSON.parse(put.stdout).damage.every(({ done }: any) => done === "quarantined"))
    assert.strictEqual((await care("verify")).exitCode, 0)
    const { events } = await run("--force", "summary")
    assert.deepStrictEqual(rowsFound(events, "weigh")!.toRun, 1)
    assert.deepStrictEqual(await contentsOf(project.cache), before)
  })
})

describe("a run in another cache", () => {
  it("is shown there, is fresh, and runs nothing", async () => {
    await run()
    await succeeded(care("pin", "release"))
    await succeeded(care("export", "run", "latest", "--to", place("run.tar.zst")))
    const other = place("other")
    const imported = await succeeded(pipeline("import", place("run.tar.zst"), "--cache", other))
    assert.match(imported.stdout, /run .* of experiment\nnew here: 3 results, 3 blobs, 3 rows\npins: release/)
    assert.match((await pipeline("ls", "--cache", other)).stdout, /weigh +ran +3 rows/)
    assert.include((await pipeline("show", "weigh", "--cache", other)).stdout, "fine granite")
    const there = (command: string, ...args: ReadonlyArray<string>) =>
      start([command, "experiment.ts", ...args, "--cache", other], { cwd: project.path }).finished
    assert.strictEqual((await there("plan", "--exit-code")).exitCode, 0)
    const { events } = await succeeded(there("run", "--json"))
    assert.deepStrictEqual(ran(events), [])
    assert.deepStrictEqual(await contentsOf(other), await contentsOf(project.cache))
  })

  it("goes on there where it failed here", async () => {
    const failed = await project.call("run", "--json", "--set", "refused=slate")
    assert.strictEqual(failed.exitCode, 1)
    await succeeded(care("export", "run", "latest", "--to", place("run.tar")))
    const other = place("other")
    await succeeded(pipeline("import", place("run.tar"), "--cache", other))
    const { events } = await succeeded(
      start(["run", "experiment.ts", "--json", "--cache", other], { cwd: project.path }).finished
    )
    assert.deepStrictEqual(ran(events), ["weigh", "summary"])
    assert.deepStrictEqual(rowsRan(events, "weigh"), { ran: 1, fresh: 2, failed: 0 })
  })
})

describe("wrong input", () => {
  const assertRefused = ({ exitCode, stderr, stdout }: Finished, message: RegExp) => {
    assert.match(stderr + (stdout.includes("USAGE") ? "" : stdout), message)
    assert.notMatch(stderr, /^\s+at .*[(/].*:\d+/m, "a stack trace")
    assert.strictEqual(exitCode, 2)
  }

  it("is told, with the nearest name and what is expected", async () => {
    await run()
    await succeeded(care("pin", "release"))
    const name = readdirSync(join(baseOf(project.cache), "runs"))[0]!.replace(/\.(?:json|ndjson)$/, "")
    const misspelt = `${name.slice(0, -1)}_`
    writeFileSync(place("text.tar"), readFileSync(join(project.path, "experiment.ts")))
    mkdirSync(place("folder"))
    const refusals: ReadonlyArray<readonly [args: ReadonlyArray<string>, message: RegExp]> = [
      [["gc", "--keep", "3x"], /Invalid value for flag --keep: "3x"\. Expected: an age, for example 30d/],
      [["gc", "--size", "many"], /Invalid value for flag --size: "many"\. Expected: a size, for example 20GB/],
      [["pin", "best", "wiegh"], /wiegh: there is no run and no node of this name\n.*did you mean weigh\?/],
      [["pin", "release", "weigh"], /pin release: it names run .* already\n.*pipeline pin --remove release/],
      [["pin", "a/b"], /a\/b: is no name for a pin/],
      [["pin", "--remove", "relaese"], /pin relaese: there is no such pin\n.*did you mean release\? pins: release/],
      [
        ["export", "run", misspelt, "--to", place("x.tar")],
        new RegExp(`no run in this cache.*\n.*did you mean ${name}\\?`)
      ],
      [["export", "run", "latest", "--to", place("text.tar")], /there is a file of this name\n.*choose another name/],
      [["export", "run", "latest", "--to", place("none/x.tar")], /its folder does not exist/],
      [["import", place("text.tar")], /text\.tar: it is no archive of a run\n {2}nothing was imported; name a file/],
      [["import", place("folder")], /folder: there is no such file/],
      [["import", place("none.tar")], /none\.tar: there is no such file/]
    ]
    for (const [args, message] of refusals) assertRefused(await care(...args), message)
    rmSync(project.cache, { recursive: true })
    assertRefused(await care("gc"), /there is no cache in .*\n.*run an experiment first/)
    assertRefused(await care("verify"), /there is no cache in/)
  })
})
