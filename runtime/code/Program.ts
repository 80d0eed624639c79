/**
 * The modules of one program, linked: which unit every reference of every unit means, across files. Reads sources,
 * parses those it has no summary of, and answers questions about targets; what reaches what, and the digest of that,
 * are `reach.ts` and `seal.ts`.
 */
import { readFileSync, statSync } from "node:fs"
import type { Resolution, Resolve } from "./resolve.ts"
import { summarise, textHash } from "./form/summarise.ts"
import type { Reference, Summary, Unit } from "./Summary.ts"

export interface Module {
  readonly file: string
  readonly text: string
  /** Of the file, taken before its text was read. */
  readonly status: Status
  readonly summary: Summary
  readonly exports: ReadonlyMap<string, Reference>
  readonly bindings: ReadonlyMap<string, Target>
  readonly resolved: ReadonlyMap<string, Resolution>
}

/** What tells an edit without reading. Unit of times: milliseconds of the epoch. */
export interface Status {
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  /** When it was taken. */
  readonly atMs: number
}

export const statusOf = (file: string): Status => {
  const { ctimeMs, mtimeMs, size } = statSync(file)
  return { size, mtimeMs, ctimeMs, atMs: Date.now() }
}

/** A unit, and which of its bindings is meant. */
export interface Target {
  readonly kind: "unit"
  readonly unit: Unit
  readonly binding: number
}

/** Something outside the project. `identity` enters digests; `file` is where data lies, for messages. */
export interface Outside {
  readonly kind: "outside"
  readonly identity: string
  /** The identity never changes: another part of the key stands for what lies behind it. */
  readonly fixed: boolean
  readonly file?: string
}

/** A word between targets, so that lists of targets cannot be confused. */
export interface Mark {
  readonly kind: "mark"
  readonly text: string
}

export type Edge = Target | Outside | Mark

export const mark = (text: string): Mark => ({ kind: "mark", text })

export class Program {
  readonly modules = new Map<string, Module>()
  readonly #homes = new Map<Unit, Module>()

  home(unit: Unit): Module {
    return this.#homes.get(unit)!
  }

  /**
   * Reads the module graph below `entry`. `known` gives summaries by the hash of their text and receives the new ones;
   * the parser is loaded only for a text without one. Yields how many files were parsed.
   */
  async load(entry: string, resolve: Resolve, known: Map<string, Summary>): Promise<number> {
    let parsed = 0
    const files = [entry]
    for (const file of files) {
      if (this.modules.has(file)) continue
      const status = statusOf(file)
      const text = readFileSync(file, "utf8")
      const key = textHash(file, text)
      let summary = known.get(key)
      if (summary === undefined) {
        const { parseSync } = await import("oxc-parser")
        summary = summarise(parseSync, file, text)
        known.set(key, summary)
        parsed++
      }
      const module = this.#add({ file, text, status }, summary, resolve)
      for (const resolution of module.resolved.values()) {
        if (resolution.kind === "module") files.push(resolution.file)
      }
    }
    return parsed
  }

  #add(read: Pick<Module, "file" | "text" | "status">, shared: Summary, resolve: Resolve): Module {
    // Units are told apart by identity, also where two files have one text.
    const summary = shared.units.some((unit) => this.#homes.has(unit)) ? structuredClone(shared) : shared
    const { file } = read
    const module: Module = {
      ...read,
      summary,
      exports: new Map(summary.exports),
      bindings: new Map(
        summary.units.flatMap((unit) =>
          unit.binds.map((name, binding): [string, Target] => [name, { kind: "unit", unit, binding }])
        )
      ),
      resolved: new Map([...specifiers(summary)].map((specifier) => [specifier, resolve(specifier, file)]))
    }
    for (const unit of summary.units) this.#homes.set(unit, module)
    this.modules.set(file, module)
    return module
  }

  /** The project's module behind a specifier; `undefined` for what lies outside. */
  imported(from: Module, specifier: string): Module | undefined {
    const resolution = from.resolved.get(specifier)
    return resolution?.kind === "module" ? this.modules.get(resolution.file) : undefined
  }

  /** What an export is: of this module, or of the one it passes on from. */
  exported(module: Module, name: string, seen = new Set<Module>()): Target | Outside | undefined {
    if (seen.has(module)) return undefined
    seen.add(module)
    const reference = module.exports.get(name)
    if (reference?.[0] === "local") return module.bindings.get(reference[1])
    if (reference?.[0] === "import") return this.#member(module, reference[1], reference[2], seen)
    if (reference !== undefined || name === "default") return undefined
    const found = module.summary.stars.flatMap((star) => this.#member(module, star, name, seen) ?? [])
    // Any package may hold the name; a module of the project that does wins.
    return found.find((target) => target.kind === "unit") ?? found[0]
  }

  #member(from: Module, specifier: string, name: string, seen?: Set<Module>): Target | Outside | undefined {
    const target = this.imported(from, specifier)
    return target === undefined ? outside(from, specifier, name) : this.exported(target, name, seen)
  }

  /** Everything a reference of `module` may mean, in an order no name of a file decides. */
  targets(module: Module, reference: Reference, seen: ReadonlyArray<Module> = []): ReadonlyArray<Edge> {
    if (reference[0] === "local") return [module.bindings.get(reference[1]) ?? mark(`missing ${reference[1]}`)]
    const [kind, specifier, member] = reference
    const target = this.imported(module, specifier)
    if (target === undefined) return [outside(module, specifier, member ?? "*")]
    if (kind === "import") {
      const passed = target.exports.get(member)
      if (passed?.[0] === "all") return this.targets(target, passed, seen)
      return [this.exported(target, member) ?? mark(`missing ${member}`)]
    }
    if (seen.includes(target)) return [mark("itself")]
    return [...this.#exportNames(target)].sort().flatMap((name) => [
      mark(`.${name}`),
      ...this.targets(module, ["import", specifier, name], [...seen, target])
    ])
  }

  #exportNames(module: Module, seen = new Set<Module>()): ReadonlySet<string> {
    if (seen.has(module)) return new Set()
    seen.add(module)
    const passed = module.summary.stars.flatMap((star) => {
      const target = this.imported(module, star)
      return target === undefined ? [] : [...this.#exportNames(target, seen)].filter((name) => name !== "default")
    })
    return new Set([...module.exports.keys(), ...passed])
  }
}

const specifiers = ({ imports, units }: Summary): ReadonlySet<string> =>
  new Set([
    ...imports,
    ...units.flatMap((unit) => unit.references.flatMap((reference) => reference[0] === "local" ? [] : [reference[1]]))
  ])

const outside = (from: Module, specifier: string, member: string): Outside => {
  const found = from.resolved.get(specifier)!
  switch (found.kind) {
    case "data":
      return { kind: "outside", identity: found.identity, fixed: false, file: found.file }
    case "module":
      throw new Error(`${specifier}, imported by ${from.file}, was not loaded`)
    default:
      return { kind: "outside", identity: `${found.identity}#${member}`, fixed: found.kind === "fixed" }
  }
}
