/** Processes for models: what is said arrives, and neither end outlives the other. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { modelEnvironment, ModelProcess } from "../../../models/process/ModelProcess.ts"

const childFile = new URL("./fixtures/child.ts", import.meta.url)
const parentFile = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url))

/** A process and all it has said; `next` waits for the message after those that were waited for. */
const open = (task: object = { name: "a" }, file = childFile) => {
  const messages: Array<unknown> = []
  let arrived = Promise.withResolvers<void>()
  let read = 0
  const how = Promise.withResolvers<string>()
  const child = new ModelProcess<object, unknown>(file, task, {
    heard: (message) => {
      messages.push(message)
      arrived.resolve()
    },
    ended: how.resolve
  })
  const next = async () => {
    while (messages.length <= read) {
      await arrived.promise
      arrived = Promise.withResolvers()
    }
    return messages[read++]
  }
  return { child, how: how.promise, messages, next }
}

/** Waits until there is no such process. */
const gone = async (pid: number): Promise<void> => {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("ModelProcess", () => {
  it("hands over typed arrays, big integers and what is undefined, in order", async () => {
    const { child, how, messages, next } = open({ name: "first" })
    assert.strictEqual((await next() as { readonly name: string }).name, "first")
    const floats = new Float32Array([1.5, Infinity, NaN, 4]).subarray(1)
    const said = [{ floats }, { big: 5n, none: undefined }, "x".repeat(1_000_000), -0]
    for (const say of said) child.send({ say })
    child.send({ close: true })
    assert.strictEqual(await how, "ended with code 0")
    assert.deepStrictEqual(messages.slice(1), said.map((say) => ({ said: say })))
    await child.ended
  })

  it("tells how the process ended, with its last words", async () => {
    const failed = open()
    failed.child.send({ fail: "terminate called: no memory" })
    assert.strictEqual(await failed.how, "ended with code 3: terminate called: no memory")
    const killed = open()
    await killed.next()
    killed.child.kill()
    assert.strictEqual(await killed.how, "was ended by SIGKILL")
    // nobody listens any more
    killed.child.send({ say: 1 })
    const missing = open({}, new URL("./fixtures/nothing.ts", import.meta.url))
    assert.match(await missing.how, /^ended with code 1: .*Node\.js v/s)
  })

  it("leaves it to the parent what a signal means that all processes of a run get", async () => {
    const { child, how, next } = open()
    await next()
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) child.send({ signal, say: signal })
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) assert.deepStrictEqual(await next(), { said: signal })
    child.kill()
    assert.strictEqual(await how, "was ended by SIGKILL")
  })

  it("ends with a parent that is killed, and with one that comes to its end", async () => {
    for (const mode of ["busy", "idle"]) {
      const parent = spawn(process.execPath, [parentFile, mode], { stdio: ["ignore", "pipe", "inherit"] })
      const [line] = await once(parent.stdout, "data")
      const pid = Number(line)
      assert.isAbove(pid, 0)
      if (mode === "busy") parent.kill("SIGKILL")
      const [code, signal] = await once(parent, "exit")
      assert.deepStrictEqual([code, signal], mode === "busy" ? [null, "SIGKILL"] : [0, null])
      await gone(pid)
    }
  })

  it("takes nothing from the environment that is set, and no flags", async () => {
    const { child, next } = open()
    const { flags, tunables } = await next() as { readonly flags: ReadonlyArray<string>; readonly tunables: string }
    child.kill()
    await child.ended
    assert.deepStrictEqual(flags, [])
    assert.strictEqual(tunables, modelEnvironment()["GLIBC_TUNABLES"])
    const own = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=0", NODE_COMPILE_CACHE: "/somewhere" }
    const before = { ...process.env }
    Object.assign(process.env, own)
    try {
      const { GLIBC_TUNABLES, NODE_COMPILE_CACHE } = modelEnvironment()
      assert.deepStrictEqual({ GLIBC_TUNABLES, NODE_COMPILE_CACHE }, own)
    } finally {
      for (const name of Object.keys(own)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })
})
