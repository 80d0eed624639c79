/** A run from a cell and one that is watched: what they show, what they come to, and how they fail. */
import * as Effect from "effect/Effect"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, assert, describe, it, vi } from "vitest"
import * as CacheStore from "../../cache/Store.ts"
import { open } from "../../notebooks/library/open.ts"
import { run, RunFailed } from "../../notebooks/library/run.ts"
import { watch } from "../../notebooks/library/watch.ts"
import { start, temporaryFolder } from "../support/pipeline.ts"
import { makeCache } from "./support/madeCache.ts"

const experiment = "test/notebooks/fixtures/lines.ts"

interface Message {
  readonly type: string
  readonly content: {
    readonly data: { readonly [mime: string]: string }
    readonly transient: { readonly display_id?: string }
  }
}

/** Pretends to run in Deno's kernel and keeps what is sent to it. */
const withKernel = (): ReadonlyArray<Message> => {
  const sent: Array<Message> = []
  const broadcast = (type: string, content: Message["content"]) => Promise.resolve(void sent.push({ type, content }))
  vi.stubGlobal("Deno", { jupyter: { broadcast } })
  return sent
}

const folders: Array<() => void> = []
const folder = (): string => {
  const made = temporaryFolder()
  folders.push(made.remove)
  return made.path
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  folders.splice(0).forEach((remove) => remove())
})

describe("run", () => {
  it("shows one output that changes, and leaves its results in the cache", async () => {
    const cache = folder()
    const sent = withKernel()
    assert.deepStrictEqual(await run(experiment, { cache, set: { count: 5 } }), {
      ran: 3,
      fresh: 0,
      headline: "5 lines"
    })
    assert.strictEqual(sent[0]!.type, "display_data")
    assert.isAbove(sent.length, 1)
    assert.isTrue(sent.slice(1).every(({ type }) => type === "update_display_data"))
    assert.strictEqual(new Set(sent.map(({ content }) => content.transient.display_id)).size, 1)
    const last = sent.at(-1)!.content.data
    assert.match(
      last["text/plain"]!,
      /^test\/notebooks\/fixtures\/lines {2}run .*\n✓ lines .*\n✓ lengths {2}5 rows .*\n✓ summary /u
    )
    assert.match(last["text/plain"]!, /3 nodes ran, 0 fresh/u)
    assert.match(last["text/html"]!, /^<pre/u)
    const opened = await open({ cache, experiment })
    assert.deepStrictEqual(await opened.sql`select max(length) as most from lengths`, [{ most: 6 }])
    assert.deepStrictEqual(await opened.value("summary"), { headline: "5 lines" })
    assert.deepStrictEqual((await run(experiment, { cache, set: { count: 5 } })).fresh, 3)
  })

  it("says why a run failed, in the output and in the error, as text", async () => {
    const sent = withKernel()
    const error = await run(experiment, { cache: folder(), set: { broken: "line 1" } }).catch((cause: unknown) => cause)
    assert.instanceOf(error, RunFailed)
    assert.strictEqual(error.exitCode, 1)
    assert.include(error.message, "1 of 3 rows have no result")
    const { data } = sent.at(-1)!.content
    assert.match(data["text/plain"]!, /✗ lengths/u)
    assert.include(data["text/html"]!, "&lt;b&gt;line 1&lt;/b&gt; has no length")
  })

  it("says what is wrong with an experiment that cannot be run", async () => {
    withKernel()
    const missing = await run("experiments/none.ts", { cache: folder() }).catch((cause: unknown) => cause)
    assert.instanceOf(missing, RunFailed)
    assert.deepStrictEqual([missing.exitCode, missing.message.split("\n")[0]], [
      2,
      "experiments/none.ts ended with exit code 2"
    ])
    const setting = await run(experiment, { cache: folder(), set: { cuont: 1 } }).catch((cause: unknown) => cause)
    assert.instanceOf(setting, RunFailed)
    assert.include(setting.message, "did you mean count?")
  })

  it("prints its end alone where there is no kernel", async () => {
    const printed: Array<string> = []
    vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text))
    await run(experiment, { cache: folder() })
    assert.lengthOf(printed, 1)
    assert.include(printed[0]!, "3 nodes ran")
  })
})

describe("watch", () => {
  it("follows a run of another process to its end", async () => {
    const cache = folder()
    const going = start(["run", experiment, "--cache", cache, "--set", "count=20", "--json"])
    await new Promise<void>((resolve) => going.onEvent(() => resolve()))
    const sent = withKernel()
    assert.strictEqual(await watch({ cache }), "ok")
    await going.finished
    const { data } = sent.at(-1)!.content
    assert.match(data["text/plain"]!, /✓ lengths {2}20 rows[^]*3 nodes ran, 0 fresh/u)
  })

  it("says at once what a run of the past came to, and that one was killed", async () => {
    const made = await makeCache([])
    folders.push(made.remove)
    await Effect.runPromise(
      Effect.gen(function*() {
        const store = yield* CacheStore.Store
        const startedAt = "2026-01-01T00:00:00.000Z"
        yield* store.putRun({ run: "2026-a", experiment: "experiments/a", startedAt, nodes: [] })
        yield* store.appendEvents(
          "2026-a",
          `${
            JSON.stringify({ event: "RunStarted", run: "2026-a", experiment: "experiments/a", nodes: 2, t: startedAt })
          }\n`
        )
      }).pipe(Effect.provide(CacheStore.layer(made.folder)))
    )
    const sent = withKernel()
    assert.strictEqual(await watch({ cache: made.folder }), "unfinished")
    assert.match(sent.at(-1)!.content.data["text/plain"]!, /experiments\/a {2}run 2026-a[^]*has written no end/u)
    const none = await watch({ cache: made.folder, experiment: "experiments/b" }).catch(String)
    assert.include(none, "no run of experiments/b in this cache yet")
  })
})

describe("a notebook outside of a project", () => {
  it("says so, and opens a cache that is named", async () => {
    const made = await makeCache([])
    const outside = folder()
    folders.push(made.remove)
    vi.stubEnv("PIPELINE_CACHE", undefined)
    vi.spyOn(process, "cwd").mockReturnValue(outside)
    const error = await open().catch(String)
    assert.include(error, `${outside} is in no project`)
    assert.include(error, "open({ cache })")
    assert.strictEqual((await open({ cache: made.folder })).folder, made.folder)
    writeFileSync(join(outside, "package.json"), "{}")
    assert.include(await open().catch(String), "there is no cache in")
    rmSync(join(outside, "package.json"))
  })
})
