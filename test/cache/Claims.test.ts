import { spawn } from "node:child_process"
import { once } from "node:events"
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { Claims } from "../../cache/Claims.ts"
import { type Holder, holderText, parseHolder } from "../../cache/Holder.ts"

const key = "ab".repeat(32)
let base: string
const file = () => join(base, "claims", key)

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "sinternal-"))
  for (const name of ["claims", "tmp"]) mkdirSync(join(base, name))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Rewrites who holds the claim. The link becomes a file of its own. */
const changeHolder = (change: Partial<Holder>) => {
  const holder = { ...parseHolder(readFileSync(file(), "utf8"))!, ...change }
  rmSync(file())
  writeFileSync(file(), holderText(holder))
}

/** A claim that a process of its own took, which lives until it is ended. */
const takenElsewhere = async () => {
  const module = new URL("../../cache/Claims.ts", import.meta.url).href
  const script = `const { Claims } = await import(${JSON.stringify(module)})
    console.log(new Claims(${JSON.stringify(base)}).take(${JSON.stringify(key)}))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ["--input-type=module", "-e", script])
  const [said] = await once(child.stdout, "data")
  assert.strictEqual(String(said).trim(), "true")
  return {
    end: async () => {
      child.kill("SIGKILL")
      await once(child, "close")
    }
  }
}

describe("a claim", () => {
  it("is held by one at a time, also within a process, and is gone once released", () => {
    const one = new Claims(base)
    const two = new Claims(base)
    assert.isTrue(one.take(key))
    assert.isFalse(one.take(key))
    assert.isFalse(two.take(key))
    two.release(key)
    assert.isFalse(two.take(key), "only the holder ends a claim")
    one.release(key)
    assert.isTrue(two.take(key))
    two.release(key)
    for (const claims of [one, two]) claims.close()
    assert.deepStrictEqual([...readdirSync(join(base, "claims")), ...readdirSync(join(base, "tmp"))], [])
  })

  it("of a process that lives is kept, and falls free when it is killed", async () => {
    const other = await takenElsewhere()
    const own = new Claims(base)
    assert.isFalse(own.take(key))
    await other.end()
    assert.isTrue(own.take(key))
    own.release(key)
  })

  it("of an ended process is free although another one has its id now", () => {
    const earlier = new Claims(base)
    assert.isTrue(earlier.take(key))
    changeHolder({ token: "0ftheprocessbefore" })
    assert.isTrue(new Claims(base).take(key))
  })

  it.runIf(process.platform === "linux")(
    "is told from that of an earlier process with the id of one that lives",
    async () => {
      const other = await takenElsewhere()
      assert.isFalse(new Claims(base).take(key))
      changeHolder({ started: "1" })
      assert.isTrue(new Claims(base).take(key))
      await other.end()
    }
  )

  it("of another machine is kept while its heart beats, and free a minute after it stops", () => {
    let now = 0
    const own = new Claims(base, () => now)
    assert.isTrue(new Claims(base).take(key))
    changeHolder({ machine: "elsewhere" })
    assert.isFalse(own.take(key))
    now = 59_000
    assert.isFalse(own.take(key))
    utimesSync(file(), 1, 1) // a beat, by a clock that is far behind
    assert.isFalse(own.take(key))
    now += 59_000
    assert.isFalse(own.take(key))
    now += 2000
    assert.isTrue(own.take(key))
  })

  it("that cannot be read is nobody's; one whose text is not there yet is, for a while", () => {
    writeFileSync(file(), "{")
    assert.isTrue(new Claims(base).take(key))
    rmSync(file())
    writeFileSync(file(), "")
    let now = 0
    const own = new Claims(base, () => now)
    assert.isFalse(own.take(key))
    now = 61_000
    assert.isTrue(own.take(key))
  })

  it("ends when what was made under it is settled, or with its holder", async () => {
    const one = new Claims(base)
    const two = new Claims(base)
    const written = Promise.withResolvers<void>()
    assert.isTrue(one.take(key))
    one.releaseAfter(key, written.promise)
    assert.isFalse(two.take(key))
    assert.isTrue(one.take(key), "the one that still has it goes on")
    one.releaseAfter(key, written.promise)
    written.resolve()
    await written.promise
    assert.isTrue(two.take(key))
    two.close()
    assert.isTrue(one.take(key))
    one.releaseAfter(key, new Promise(() => undefined))
    one.close()
    assert.deepStrictEqual([...readdirSync(join(base, "claims")), ...readdirSync(join(base, "tmp"))], [])
  })

  it("is taken where there are no hard links", () => {
    const { linkSync } = fs
    fs.linkSync = () => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" })
    }
    syncBuiltinESMExports()
    try {
      const one = new Claims(base)
      assert.isTrue(one.take(key))
      assert.isFalse(new Claims(base).take(key))
      one.release(key)
      assert.deepStrictEqual(readdirSync(join(base, "claims")), [])
    } finally {
      fs.linkSync = linkSync
      syncBuiltinESMExports()
    }
  })

  it("that was lost meanwhile is not ended for its new holder", () => {
    const slept = new Claims(base)
    assert.isTrue(slept.take(key))
    changeHolder({ token: "0fthenewholder" })
    slept.release(key)
    assert.deepStrictEqual(readdirSync(join(base, "claims")), [key])
  })
})
