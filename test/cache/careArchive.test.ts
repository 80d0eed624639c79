/**
 * A run leaves a cache as one file and enters another: equal bytes each time, all of it checked, nothing shown of an
 * archive that is not whole.
 */
import * as Effect from "effect/Effect"
import fs from "node:fs"
import * as path from "node:path"
import { execFileSync } from "node:child_process"
import { zstdDecompressSync } from "node:zlib"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { ArchiveRefused } from "../../cache/care/ArchiveRefused.ts"
import { exportRun } from "../../cache/care/exportRun.ts"
import { importRun } from "../../cache/care/importRun.ts"
import { Pins } from "../../cache/care/Pins.ts"
import * as tar from "../../cache/care/tar.ts"
import { canonicalJson, digestBytes } from "../../cache/Digest.ts"
import { baseOf } from "../../cache/layout.ts"
import * as Store from "../../cache/Store.ts"
import { temporaryFolder } from "../support/pipeline.ts"
import {
  inSession,
  keyOf,
  knowledge,
  large,
  longRowsIn,
  makeRun,
  type NodeMade,
  putLongRows,
  rowFunctionOf,
  rowIn,
  rowKeyOf,
  valueIn
} from "./support/careWorld.ts"
import { blobFile, corrupt, flipped, noSpace, replaceFs } from "./support/tempStore.ts"

const folder = temporaryFolder()
let made = 0
let root: string
let other: string
const place = (name: string): string => path.join(folder.path, `${made}-${name}`)

const nodes: ReadonlyArray<NodeMade> = [
  { label: "rollout", value: large("rollout"), rows: { of: "rollout", texts: ["one", "two", "three"] } },
  { label: "report", value: "report" }
]

beforeEach(async () => {
  made++
  root = place("cache")
  other = place("other")
  await makeRun(root, { run: "r0", daysAgo: 2, nodes: [{ label: "report", value: "before" }] })
  await makeRun(root, { run: "r1", daysAgo: 1, nodes })
  fs.appendFileSync(path.join(baseOf(root), "runs", "r1.ndjson"), "{\"event\":\"RunFinished\"}\n{\"event\":\"cu")
  new Pins(baseOf(root)).create({ name: "release", run: "r1", madeAt: "2026-01-01T00:00:00.000Z" })
})
afterEach(() => {
  for (const name of fs.readdirSync(folder.path)) {
    fs.rmSync(path.join(folder.path, name), { recursive: true, force: true })
  }
})

const recordIn = (cache: string, run: string) => inSession(cache, (store) => store.getRun(run))

const exported = async (name: string, run = "r1", cache = root) => {
  const record = (await recordIn(cache, run))!
  const to = place(name)
  return { to, ...await exportRun({ base: baseOf(cache), knowledge, run: record, to, onProgress: () => undefined }) }
}

const imported = (file: string, cache = other) =>
  Effect.runPromise(importRun({ file, onProgress: () => undefined }).pipe(Effect.provide(Store.layer(cache))))

const refusal = async (file: string): Promise<string> => {
  const error: unknown = await imported(file).catch((found: unknown) => found)
  assert.instanceOf(error, ArchiveRefused)
  return (error as ArchiveRefused).found
}

/** What a cache shows, and what lies in it unseen. */
const shownIn = (cache: string) => {
  const files = (part: string) => fs.readdirSync(path.join(baseOf(cache), part))
  return { runs: files("runs"), blobs: files("blobs"), memo: files("memo"), pins: files("pins"), tmp: files("tmp") }
}

const nothing = { runs: [], blobs: [], memo: [], pins: [], tmp: [] }

/** The files of an archive that is not compressed. */
const filesOf = (bytes: Buffer): Array<readonly [name: string, body: Buffer]> => {
  const found: Array<readonly [string, Buffer]> = []
  for (let at = 0; bytes[at] !== 0;) {
    const { name, size } = tar.parseHeader(bytes.subarray(at, at + tar.blockBytes))!
    found.push([name, bytes.subarray(at + tar.blockBytes, at + tar.blockBytes + size)])
    at += tar.blockBytes + size + tar.padding(size).length
  }
  return found
}

/** An archive of these files, whose list of contents is right. */
const archiveOf = (files: ReadonlyArray<readonly [name: string, body: Buffer]>): Buffer => {
  const listed = files.filter(([name]) => name !== "contents.json")
  const contents = canonicalJson({
    files: listed.map(([name, body]) => [name, body.length, digestBytes(body)]),
    missing: []
  })
  const all = [...listed, ["contents.json", Buffer.from(contents)] as const]
  return Buffer.concat([
    ...all.flatMap(([name, body]) => [tar.header(name, body.length), body, tar.padding(body.length)]),
    tar.trailer()
  ])
}

describe("an exported run", () => {
  it("is a tar that any program reads, with what the run needs and nothing of other runs", async () => {
    const { actions, blobs, missing, rows, to } = await exported("run.tar")
    assert.deepStrictEqual({ actions, blobs, missing, rows }, { actions: 2, blobs: 2, missing: [], rows: 3 })
    const names = execFileSync("tar", ["tf", to], { encoding: "utf8" }).trim().split("\n")
    const [rollout, report] = nodes
    const blobsOfRun = (await recordIn(root, "r1"))!.nodes.map(({ manifest }) => (manifest as { blob: string }).blob)
    assert.deepStrictEqual(names, [
      "archive.json",
      "run.json",
      "events.ndjson",
      "pins.json",
      ...[rollout!, report!].map((node) => `actions/${keyOf(node)}.json`).sort(),
      ...blobsOfRun.map((blob) => `blobs/${blob}`).sort(),
      `rows/${rowFunctionOf("rollout")}.log`,
      "contents.json"
    ])
    assert.strictEqual(
      execFileSync("tar", ["xOf", to, "events.ndjson"], { encoding: "utf8" }),
      "{\"event\":\"RunFinished\"}\n"
    )
  })

  it("has the same bytes each time, compressed or not, and after it was imported elsewhere", async () => {
    const bytes = async (name: string, cache = root) => fs.readFileSync((await exported(name, "r1", cache)).to)
    const plain = await bytes("a.tar")
    assert.isTrue(plain.equals(await bytes("b.tar")))
    const packed = await bytes("a.tar.zst")
    assert.isTrue(packed.equals(await bytes("b.tar.zst")))
    assert.isTrue(zstdDecompressSync(packed).equals(plain))
    await imported(place("a.tar.zst"))
    assert.isTrue(plain.equals(await bytes("c.tar", other)))
  })

  it("does not write over a file, and leaves none when a blob is damaged", async () => {
    fs.writeFileSync(place("here.tar"), "mine")
    const refused: unknown = await exported("here.tar").catch((error: unknown) => error)
    assert.strictEqual((refused as NodeJS.ErrnoException).code, "EEXIST")
    assert.strictEqual(fs.readFileSync(place("here.tar"), "utf8"), "mine")
    const { blob } = (await recordIn(root, "r1"))!.nodes[0]!.manifest as { readonly blob: string }
    corrupt(blobFile(root, blob), flipped)
    const damaged: unknown = await exported("damaged.tar").catch((error: unknown) => error)
    assert.match(String((damaged as Error).message), /is damaged .* moved to quarantine/)
    assert.deepStrictEqual(fs.readdirSync(folder.path).filter((name) => name.includes("damaged.tar")), [])
    const { missing } = await exported("again.tar")
    assert.deepStrictEqual(missing, ["rollout"])
    await imported(place("again.tar"))
    assert.deepStrictEqual((await recordIn(other, "r1"))?.nodes.length, 2)
  })
})

describe("an imported run", () => {
  it("is all there: record, events, results, rows and pins", async () => {
    const { to } = await exported("run.tar.zst")
    const { actions, blobs, pins, rows } = await imported(to)
    assert.deepStrictEqual({ actions, blobs, pins, rows }, { actions: 2, blobs: 2, pins: ["release"], rows: 3 })
    const record = (await recordIn(other, "r1"))!
    assert.deepStrictEqual(record, await recordIn(root, "r1"))
    assert.deepStrictEqual(await inSession(other, (store) => store.readEvents("r1")), ["{\"event\":\"RunFinished\"}"])
    for (const [i, node] of nodes.entries()) {
      assert.deepStrictEqual(await valueIn(other, record.nodes[i]!.manifest as never), node.value)
      assert.deepStrictEqual(
        await inSession(other, (store) => store.getAction(keyOf(node))),
        await inSession(root, (store) => store.getAction(keyOf(node)))
      )
    }
    assert.strictEqual(await rowIn(other, "rollout", "two"), "two")
    assert.strictEqual(new Pins(baseOf(other)).get("release")?.run, "r1")
  })

  it("has all rows of a log of many pieces", async () => {
    const rows = 3000
    await makeRun(root, {
      run: "r2",
      daysAgo: 1,
      nodes: [{ label: "long", value: "long", rows: { of: "long", texts: [] } }]
    })
    await putLongRows(root, "long", rows)
    const exportedRun = await exported("long.tar.zst", "r2")
    assert.strictEqual(exportedRun.rows, rows)
    assert.strictEqual((await imported(exportedRun.to)).rows, rows)
    assert.isTrue((await longRowsIn(other, "long", rows)).every((whole) => whole))
  })

  it("changes nothing the second time", async () => {
    const { to } = await exported("run.tar")
    await imported(to)
    const again = await imported(to)
    assert.deepStrictEqual(
      { actions: again.actions, blobs: again.blobs, rows: again.rows, recordStayed: again.recordStayed },
      { actions: 0, blobs: 0, rows: 0, recordStayed: true }
    )
  })

  it("leaves the first result of a row, the first pin of a name, and what other runs made", async () => {
    await makeRun(other, { run: "mine", daysAgo: 3, nodes: [{ label: "report", value: "mine" }] })
    await inSession(
      other,
      (store) =>
        Effect.scoped(
          Effect.flatMap(store.openMemo(rowFunctionOf("rollout")), (memo) =>
            memo.append(rowKeyOf("two"), Buffer.from("mine")))
        )
    )
    new Pins(baseOf(other)).create({ name: "release", run: "mine", madeAt: "2026-01-01T00:00:00.000Z" })
    const { pins, pinsInTheWay, rows } = await imported((await exported("run.tar")).to)
    assert.deepStrictEqual({ pins, pinsInTheWay, rows }, { pins: [], pinsInTheWay: ["release"], rows: 2 })
    assert.strictEqual(await rowIn(other, "rollout", "two"), "mine")
    assert.strictEqual(await rowIn(other, "rollout", "three"), "three")
    assert.strictEqual(new Pins(baseOf(other)).get("release")?.run, "mine")
    assert.deepStrictEqual(await inSession(other, (store) => store.runNames()), ["r1", "mine"])
  })

  it("carries the result that stands of a row that was made again, and attempts of one that failed", async () => {
    await inSession(
      root,
      (store) =>
        Effect.scoped(Effect.flatMap(store.openMemo(rowFunctionOf("rollout")), (memo) =>
          Effect.andThen(
            memo.append(rowKeyOf("two"), Buffer.from("two again"), { replace: true }),
            memo.appendFailure(rowKeyOf("four"), Buffer.from("no answer"))
          )))
    )
    await imported((await exported("run.tar")).to)
    assert.strictEqual(await rowIn(other, "rollout", "two"), "two again")
    const failures = await inSession(
      other,
      (store) => Effect.scoped(Effect.map(store.openMemo(rowFunctionOf("rollout")), (memo) => [...memo.failures]))
    )
    assert.deepStrictEqual(failures.map(([key, { attempts }]) => [key, attempts]), [[rowKeyOf("four"), 1]])
  })
})

describe("an import that cannot be finished", () => {
  it("shows no run, and goes through the next time", async () => {
    const { to } = await exported("run.tar.zst")
    const full = (from: fs.PathLike, target: fs.PathLike) => {
      if (/\/(?:runs|memo)\//.test(String(target))) throw noSpace()
      original(from, target)
    }
    const original = fs.renameSync
    const failed = await Effect.runPromise(
      Effect.scoped(Effect.andThen(
        replaceFs({ renameSync: full }),
        Effect.flip(importRun({ file: to, onProgress: () => undefined }))
      )).pipe(Effect.provide(Store.layer(other)))
    )
    assert.match(failed.message, /no space left/)
    assert.deepStrictEqual({ ...shownIn(other), blobs: [], memo: [] }, nothing)
    await imported(to)
    assert.strictEqual((await recordIn(other, "r1"))?.nodes.length, 2)
    assert.strictEqual(await rowIn(other, "rollout", "two"), "two")
  })
})

describe("an archive that is not as it was written", () => {
  it("is refused wherever it is cut, and nothing of it shows", async () => {
    const bytes = fs.readFileSync((await exported("run.tar")).to)
    const packed = fs.readFileSync((await exported("run.tar.zst")).to)
    const file = place("cut")
    for (const whole of [bytes, packed]) {
      for (let part = 0; part < 12; part++) {
        fs.writeFileSync(file, whole.subarray(0, Math.floor(whole.length * part / 12)))
        assert.match(await refusal(file), part === 0 ? /no archive|is cut/ : /is cut|unexpected end|damaged/)
      }
      fs.writeFileSync(file, whole.subarray(0, whole.length - (whole === bytes ? 1 : 20)))
      assert.match(await refusal(file), /is cut|unexpected end|damaged/)
    }
    assert.deepStrictEqual(shownIn(other), nothing)
  })

  it("is refused with any byte changed, headers and padding included, and with more behind its end", async () => {
    const bytes = fs.readFileSync((await exported("run.tar")).to)
    const file = place("altered")
    const step = Math.floor(bytes.length / 30)
    // the first header, then steps through all the rest
    const places = [...Array(512).keys()].filter((at) => at % 20 === 0)
    for (let at = 512; at < bytes.length; at += step) places.push(at)
    for (const at of places) {
      const altered = Buffer.from(bytes)
      altered[at]! ^= 0x10
      fs.writeFileSync(file, altered)
      assert.notStrictEqual(await refusal(file), "", `byte ${at}`)
    }
    fs.writeFileSync(file, Buffer.concat([bytes, Buffer.from("more")]))
    assert.strictEqual(await refusal(file), "something stands behind its end")
    const packed = fs.readFileSync((await exported("run.tar.zst")).to)
    fs.writeFileSync(file, Buffer.concat([packed, packed]))
    assert.strictEqual(await refusal(file), "something stands behind its end")
    assert.deepStrictEqual(shownIn(other), nothing)
  })

  it("is refused where it names other places, lists what it lacks, or lies about its parts", async () => {
    const files = filesOf(fs.readFileSync((await exported("run.tar")).to))
    const file = place("made")
    const refusedAs = async (made: Buffer): Promise<string> => {
      fs.writeFileSync(file, made)
      return refusal(file)
    }
    const replaced = (name: RegExp, change: (body: Buffer) => Buffer): Buffer =>
      archiveOf(files.map(([each, body]) => [each, name.test(each) ? change(body) : body]))
    fs.writeFileSync(file, archiveOf(files))
    assert.strictEqual((await imported(file, place("control"))).rows, 3) // archiveOf makes right archives
    assert.match(await refusedAs(archiveOf([...files, ["../../evil", Buffer.from("x")]])), /holds "\.\.\/\.\.\/evil"/)
    assert.match(await refusedAs(archiveOf([...files, ["/etc/evil", Buffer.from("x")]])), /holds "\/etc\/evil"/)
    assert.match(await refusedAs(archiveOf([...files, files.at(-2)!])), /twice/)
    assert.match(await refusedAs(archiveOf(files.filter(([name]) => !name.startsWith("blobs/")))), /lacks blob/)
    assert.match(await refusedAs(archiveOf(files.filter(([name]) => name !== "events.ndjson"))), /lacks events\.ndjson/)
    assert.match(await refusedAs(replaced(/^blobs/, (body) => flipped(Buffer.from(body)))), /do not have this digest/)
    assert.match(
      await refusedAs(replaced(/^rows/, (body) => flipped(Buffer.from(body)))),
      /rows.*check does not match|rows.*cut/
    )
    assert.match(
      await refusedAs(replaced(/^rows/, (body) => body.subarray(0, body.length - 1))),
      /its last frame is cut/
    )
    assert.match(await refusedAs(replaced(/^actions/, () => Buffer.from("{}"))), /actions\/.*it is the record of/)
    assert.match(await refusedAs(replaced(/^run\.json/, (body) => flipped(Buffer.from(body)))), /check line/)
    assert.match(
      await refusedAs(
        replaced(/^archive/, (body) => Buffer.from(body.toString().replace("\"version\":1", "\"version\":2")))
      ),
      /not in its form/
    )
    const link = Buffer.from(archiveOf(files))
    link[156] = "2".charCodeAt(0) // a symbolic link
    assert.match(await refusedAs(link), /no archive of a run/)
    assert.deepStrictEqual(shownIn(other), nothing)
  })

  it("is refused where a folder of it would leave its place", async () => {
    const files = filesOf(fs.readFileSync((await exported("run.tar")).to))
    const outside = [{ path: "../../../evil", blob: digestBytes("x"), bytes: 1 }]
    const content = digestBytes(`folder\0${canonicalJson(outside.map((each) => [each.path, each.blob]))}`)
    const evil = files.map(([name, body]) => {
      if (name !== `actions/${keyOf(nodes[1]!)}.json`) return [name, body] as const
      const action = { ...JSON.parse(body.toString()), manifest: { kind: "folder", files: outside, content } }
      return [name, Buffer.from(canonicalJson(action))] as const
    })
    fs.writeFileSync(place("evil.tar"), archiveOf([...evil, [`blobs/${digestBytes("x")}`, Buffer.from("x")]]))
    assert.match(await refusal(place("evil.tar")), /a folder names the file "\.\.\/\.\.\/\.\.\/evil" outside itself/)
  })
})

describe("a tar header", () => {
  it("has the fields of the ustar format", () => {
    const header = tar.header("blobs/ab", 1234)
    assert.strictEqual(header.toString("latin1", 0, 9), "blobs/ab\0")
    assert.strictEqual(header.toString("latin1", 100, 108), "0000600\0")
    assert.strictEqual(header.toString("latin1", 124, 136), "00000002322\0") // 1234 = 0o2322
    assert.strictEqual(header.toString("latin1", 257, 265), "ustar\x0000")
    const sum = header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0)
    assert.strictEqual(Number.parseInt(header.toString("latin1", 148, 154), 8), sum)
    assert.deepStrictEqual(tar.parseHeader(header), { name: "blobs/ab", size: 1234 })
  })

  it("holds sizes beyond octal digits, and no name that others would read otherwise", () => {
    const size = 3 * 8 ** 11 + 5
    assert.deepStrictEqual(tar.parseHeader(tar.header("large", size)), { name: "large", size })
    assert.throws(() => tar.header("x".repeat(101), 0), RangeError)
    assert.throws(() => tar.header("a b", 0), RangeError)
  })
})
