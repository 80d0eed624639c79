/**
 * The code digest of a node: a hash of its definition and of everything in the project it can reach, blind to names,
 * comments, types and formatting. This file is the door to the folder: `open` reads the program below an experiment,
 * and the digests of its nodes and of single functions are then asked for. What a digest means for a node's key is
 * `runtime/Key.ts`'s business.
 */
import { readFileSync, realpathSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type CodeDigest, makeDigestOf, placeOf, refusedDigest } from "./CodeDigest.ts"
import { type Site, stacksAreExact } from "./definitionSite.ts"
import { fileLoadedAtSite, unitAtSite, unitsByValue } from "./locate.ts"
import { type Module, Program, statusOf } from "./Program.ts"
import { installedIdentity, makeResolve } from "./resolve.ts"
import { readSummaries, writeSummaries } from "./SummaryCache.ts"

export type { CodeDigest, Part } from "./CodeDigest.ts"

export interface CodeDigests {
  /**
   * The digest of the declaration that made `value`, found by the stack of its making or by identity. Nodes that one
   * declaration makes, as an array or a record does, share it. For a node of an installed package its version counts.
   */
  readonly ofNode: (definition: {
    readonly site: Site
    readonly name: string
    readonly value: object
  }) => CodeDigest
  /**
   * The digest of one export, for services: what builds a prompt, what parses an answer. `file` is a path or a `file:`
   * URL of a module below the entry, or of an installed package, whose version then stands for its code.
   */
  readonly ofExport: (file: string, exportName: string) => CodeDigest
  /** Files whose text on disk is no longer the text that was digested. */
  readonly edited: () => ReadonlyArray<string>
  /** Stores the summaries if something was parsed. Never fails: without them the next run parses again. */
  readonly save: Effect.Effect<void>
}

/** The program could not be read at all: a file is missing, or cannot be opened. */
export class CodeRefused extends Schema.TaggedError<CodeRefused>()("CodeRefused", {
  entry: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    const reason = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `cannot read the code of ${this.entry}: ${reason}; check the path and the imports below it`
  }
}

export interface OpenOptions {
  /** The folder that places in messages are relative to. */
  readonly root: string
  /** The experiment: everything below it is read. */
  readonly entry: string
  /** Where summaries are kept between runs. */
  readonly cacheFile?: string | undefined
  /** The engine: files that count as the name this gives, and are not read. */
  readonly opaque?: ((file: string) => string | undefined) | undefined
  /** Packages, or folders of packages (`name/folder`), that count without their version. */
  readonly ignorePackages?: ReadonlyArray<string> | undefined
  /** How nodes are found: by the stack of their making, or, where stacks do not name places on disk, by identity. */
  readonly locate?: "stack" | "identity" | undefined
}

/**
 * Reads the program below `entry`. Call it beside the import of the experiment, and `edited` before results are
 * published: a digest is of the text that was read here. Fails: `CodeRefused` where the entry cannot be read.
 */
export const open = (options: OpenOptions): Effect.Effect<CodeDigests, CodeRefused> =>
  Effect.tryPromise({
    try: () => read(options),
    catch: (cause) => new CodeRefused({ entry: options.entry, cause })
  })

const read = async (options: OpenOptions): Promise<CodeDigests> => {
  // Modules are known to Node by their real path.
  const root = realpathSync(options.root)
  const entry = realpathSync(resolve(options.root, options.entry))
  const summaries = readSummaries(options.cacheFile)
  const program = new Program()
  const parsed = await program.load(entry, makeResolve(options), summaries)
  const locate = options.locate ?? (stacksAreExact() ? "stack" : "identity")
  const byValue = locate === "stack" ? undefined : await unitsByValue(program, entry)
  const digestOf = makeDigestOf(program, root)
  return {
    ofNode: ({ name, site, value }) => {
      const unit = byValue === undefined ? unitAtSite(program, site) : byValue.get(value)
      if (unit !== undefined) return digestOf({ kind: "unit", unit, binding: 0 })
      const loaded = byValue === undefined ? fileLoadedAtSite(site) : undefined
      const isEngine = loaded !== undefined && options.opaque?.(loaded) !== undefined
      const installed = loaded === undefined || isEngine ? undefined : installedIdentity(loaded)
      if (installed !== undefined) return digestOf({ kind: "outside", identity: `${installed}#${name}`, fixed: false })
      return refusedDigest(`node ${name}: its definition was not found; define it at the top level of a module`)
    },
    ofExport: (file, name) => {
      const path = file.startsWith("file:") ? fileURLToPath(file) : resolve(root, file)
      const module = program.modules.get(path)
      const target = module === undefined ? undefined : program.exported(module, name)
      if (target !== undefined) return digestOf(target)
      const installed = module === undefined ? installedIdentity(path) : undefined
      if (installed !== undefined) return digestOf({ kind: "outside", identity: `${installed}#${name}`, fixed: false })
      return refusedDigest(`${placeOf(root, path)}: no export ${name} below ${placeOf(root, entry)}`)
    },
    edited: () => [...program.modules.values()].filter(isEdited).map((module) => placeOf(root, module.file)),
    save: Effect.ignore(Effect.try({
      try: () => {
        if (options.cacheFile === undefined || parsed === 0) return
        const own = [...program.modules.values()].map((module) => module.summary)
        writeSummaries(options.cacheFile, own, summaries.values())
      },
      catch: (cause) => cause
    }))
  }
}

/** A file changed this shortly before it was read may be changed again with the same times. Unit: ms. */
const settlingMs = 2000

const isEdited = ({ file, status, text }: Module): boolean => {
  try {
    const now = statusOf(file)
    const untouched = now.size === status.size && now.mtimeMs === status.mtimeMs && now.ctimeMs === status.ctimeMs
    if (untouched && Math.max(now.mtimeMs, now.ctimeMs) < status.atMs - settlingMs) return false
    return readFileSync(file, "utf8") !== text
  } catch {
    return true
  }
}
