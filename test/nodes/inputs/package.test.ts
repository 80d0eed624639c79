import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PipCommands } from "../../../nodes/inputs/downloadWheel.ts"
import { missingWheels } from "../../../nodes/inputs/fetchWheel.ts"
import { open } from "../../../nodes/inputs/package.ts"
import { packageFile } from "../../../nodes/inputs/packageFile.ts"
import type { PackagePin } from "../../../nodes/inputs/PackagePin.ts"
import { SourceFolder } from "../../../nodes/inputs/SourceFolder.ts"
import type { SourceDefinition } from "../../../runtime/Definition.ts"
import { fakePip, makeWheel, pinOf, sha256, temporaryFolder } from "./wheels.ts"

const files = { "demo/a.csv": "x,y\n1,2\n", "demo/b.txt": "\uFEFFtwo", "demo/model.pkl": "never read" }
const wheel = makeWheel(files)

type Commands = ReadonlyArray<readonly [string, ...Array<string>]>

/** Runs `use` with a source folder of its own and the given pip commands. */
const withFolder = <A, E>(commands: Commands, use: Effect.Effect<A, E>, folder: string) =>
  use.pipe(Effect.provideService(SourceFolder, folder), Effect.provideService(PipCommands, commands))

const setUp = Effect.gen(function*() {
  const root = yield* temporaryFolder
  const tools = yield* temporaryFolder
  const pip = fakePip(tools, wheel)
  return { root, pip, tools }
})

const failing = (tools: string, name: string, stderr: string): readonly [string, string] => {
  const script = join(tools, `${name}.cjs`)
  writeFileSync(script, `process.stderr.write(${JSON.stringify(stderr)}); process.exit(1)`)
  return [process.execPath, script]
}

describe("a package", () => {
  it.live("is downloaded once, as a wheel and nothing else, and kept under its digest", () =>
    Effect.gen(function*() {
      const { pip, root } = yield* setUp
      const pin = pinOf(wheel, { "demo/a.csv": sha256(files["demo/a.csv"]) })
      const read = Effect.gen(function*() {
        const opened = yield* open(pin)
        assert.deepStrictEqual(opened.paths, ["demo/a.csv", "demo/b.txt", "demo/model.pkl"])
        assert.strictEqual(yield* opened.text("demo/a.csv"), "x,y\n1,2\n")
        assert.strictEqual(yield* opened.text("demo/b.txt"), "two")
        assert.deepStrictEqual(
          [...(yield* opened.texts(["demo/b.txt", "demo/a.csv"]))],
          [["demo/b.txt", "two"], ["demo/a.csv", "x,y\n1,2\n"]]
        )
      })
      yield* withFolder([pip.command], Effect.andThen(read, read), root)
      assert.strictEqual(pip.calls().length, 1)
      const args = pip.calls()[0]!
      assert.include(args, "demo-set==1.2.3")
      assert.include(args, "--no-deps")
      assert.strictEqual(args[args.indexOf("--only-binary") + 1], ":all:")
      assert.deepStrictEqual(readdirSync(join(root, pin.sha256)), ["demo-set-1.2.3.whl"])
      assert.deepStrictEqual(readdirSync(join(root, "tmp")), [])
    }))

  it.live("is refused when the index serves other bytes, and nothing of them is kept", () =>
    Effect.gen(function*() {
      const { pip, root } = yield* setUp
      const pin: PackagePin = { ...pinOf(wheel), sha256: "0".repeat(64) }
      const error = yield* Effect.flip(withFolder([pip.command], open(pin), root))
      assert.include(error.message, `expected ${"0".repeat(64)}, found ${sha256(wheel)}`)
      assert.isFalse(existsSync(join(root, pin.sha256)))
      assert.deepStrictEqual(readdirSync(join(root, "tmp")), [])
    }))

  it.live("is fetched anew when the kept wheel is damaged", () =>
    Effect.gen(function*() {
      const { pip, root } = yield* setUp
      const pin = pinOf(wheel)
      const use = Effect.flatMap(open(pin), (opened) => opened.text("demo/a.csv"))
      yield* withFolder([pip.command], use, root)
      writeFileSync(join(root, pin.sha256, "demo-set-1.2.3.whl"), "damaged", { flag: "r+" })
      assert.strictEqual(yield* withFolder([pip.command], use, root), "x,y\n1,2\n")
      assert.strictEqual(pip.calls().length, 2)
    }).pipe(Effect.orDie))

  it.live("says which file is missing, and which is not the pinned one", () =>
    Effect.gen(function*() {
      const { pip, root } = yield* setUp
      const pin = pinOf(wheel, { "demo/a.csv": "1".repeat(64) })
      const read = (path: string) =>
        Effect.flip(withFolder([pip.command], Effect.flatMap(open(pin), (opened) => opened.bytes(path)), root))
      assert.include((yield* read("demo/c.csv")).message, "there is no file demo/c.csv in it")
      assert.include(
        (yield* read("demo/a.csv")).message,
        `demo/a.csv has another SHA-256: expected ${"1".repeat(64)}, found ${sha256(files["demo/a.csv"])}`
      )
    }))

  it.live("is not a package when its bytes are no zip archive", () =>
    Effect.gen(function*() {
      const { root, tools } = yield* setUp
      const bytes = new TextEncoder().encode("no archive")
      const error = yield* Effect.flip(withFolder([fakePip(tools, bytes).command], open(pinOf(bytes)), root))
      assert.include(error.message, "not a readable zip archive")
    }))
})

describe("pip", () => {
  it.live("is looked for under its names, past those that are not there or have no pip", () =>
    Effect.gen(function*() {
      const { pip, root, tools } = yield* setUp
      const commands: Commands = [
        [join(tools, "no-such-command"), "-m", "pip"],
        failing(tools, "python", "/usr/bin/python3: No module named pip\n"),
        pip.command
      ]
      yield* withFolder(commands, open(pinOf(wheel)), root)
      assert.strictEqual(pip.calls().length, 1)
    }))

  it.live("passes its last error on, and is not asked again under another name", () =>
    Effect.gen(function*() {
      const { pip, root, tools } = yield* setUp
      const broken = failing(
        tools,
        "pip",
        "ERROR: Could not find a version\nERROR: No matching distribution found for demo-set==1.2.3\n[notice] new release\n"
      )
      const error = yield* Effect.flip(withFolder([broken, pip.command], open(pinOf(wheel)), root))
      assert.include(error.message, "pypi:demo-set==1.2.3")
      assert.include(error.message, "ERROR: No matching distribution found for demo-set==1.2.3")
      assert.notInclude(error.message, "notice")
      assert.strictEqual(pip.calls().length, 0)
    }))

  it.live("is named with all its names when there is none", () =>
    Effect.gen(function*() {
      const { root, tools } = yield* setUp
      const error = yield* Effect.flip(withFolder([[join(tools, "none"), "-m", "pip"]], open(pinOf(wheel)), root))
      assert.include(error.message, `no pip was found (tried ${join(tools, "none")} -m pip)`)
    }))
})

describe("missingWheels", () => {
  it.live("asks for pip only where a wheel is not kept, and names the packages", () =>
    Effect.gen(function*() {
      const { pip, root, tools } = yield* setUp
      const pin = pinOf(wheel)
      const none = join(tools, "none")
      assert.deepStrictEqual(yield* withFolder([[none]], missingWheels([pin]), root), [
        `pypi:demo-set==1.2.3 cannot be downloaded: no pip was found (tried ${none})`
      ])
      const version = failing(tools, "version", "")
      writeFileSync(version[1], "console.log('pip 99')")
      assert.deepStrictEqual(yield* withFolder([[none], version], missingWheels([pin]), root), [])
      yield* withFolder([pip.command], open(pin), root)
      assert.deepStrictEqual(yield* withFolder([[none]], missingWheels([pin]), root), [])
    }))
})

describe("a file of a package as a source", () => {
  it.live("has the pinned content without being fetched, and is put down under its own name", () =>
    Effect.gen(function*() {
      const { pip, root } = yield* setUp
      const into = yield* temporaryFolder
      const pin = pinOf(wheel, { "demo/a.csv": sha256(files["demo/a.csv"]) })
      const { acquire, identify } = packageFile(pin, "demo/a.csv", "checkpoint").definition as SourceDefinition
      assert.strictEqual(yield* withFolder([pip.command], identify, root), sha256(files["demo/a.csv"]))
      assert.strictEqual(pip.calls().length, 0)
      yield* withFolder([pip.command], acquire(into), root)
      assert.deepStrictEqual(readdirSync(into), ["a.csv"])
    }))

  it.live("needs a digest in the pin", () =>
    Effect.gen(function*() {
      const { identify } = packageFile(pinOf(wheel), "demo/a.csv", "checkpoint").definition as SourceDefinition
      const error = yield* Effect.flip(identify)
      assert.include(error.message, "pypi:demo-set==1.2.3#demo/a.csv")
    }))
})
