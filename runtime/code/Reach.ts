/**
 * What a unit depends on: the targets of its references, whoever writes to it, and what runs when its module loads.
 *
 * Only its own module can assign a `let`, and a module changes the objects of others while it loads or by functions
 * called then; that makes load-time effects tractable:
 * - reaching a binding reaches every unit of the program that writes to it, or that calls, while loading, a function
 *   that writes (registries filled by a module nobody names);
 * - reaching a module reaches its own statements and those of all it imports, in the order they run;
 * - a statement that changes a global, or an object of a package, is reached from everywhere (`ambient`).
 * Initialisers of constants count as pure beyond that, or any node would depend on every other of its file.
 */
import type { Edge, Module, Program, Target } from "./Program.ts"
import { mark } from "./Program.ts"
import type { Unit } from "./Summary.ts"

export class Reach {
  readonly program: Program
  /** Statements that every digest of the program covers. */
  readonly ambient: ReadonlyArray<Unit>
  readonly #writers: ReadonlyMap<Unit, ReadonlySet<Unit>>
  readonly #units: ReadonlyArray<Unit>
  readonly #hasStatements: boolean
  readonly #statements = new Map<Module, ReadonlyArray<Unit>>()
  readonly #edges = new Map<Unit, ReadonlyArray<Edge>>()

  constructor(program: Program) {
    this.program = program
    this.#units = [...program.modules.values()].flatMap((module) => module.summary.units)
    this.#hasStatements = this.#units.some((unit) => unit.statement)
    const { ambient, writers } = this.#findWriters()
    this.#writers = writers
    this.ambient = ambient
  }

  /** What `unit` depends on, in an order that no name, path or position decides. */
  edges(unit: Unit): ReadonlyArray<Edge> {
    const known = this.#edges.get(unit)
    if (known !== undefined) return known
    const edges: ReadonlyArray<Edge> = [
      ...this.#references(unit),
      mark("writers"),
      ...byHash(this.#writers.get(unit) ?? []).map(whole),
      mark("effects"),
      ...this.#effects(unit).map(whole),
      ...this.#evaluated(unit)
    ]
    this.#edges.set(unit, edges)
    return edges
  }

  /** Targets of the references, one list after the other; plain declarations behind ports are left out. */
  #references(unit: Unit): ReadonlyArray<Edge> {
    return unit.references.flatMap((_, index) => {
      const targets = this.#targets(unit, index)
      const declared = unit.ports.includes(index) && targets.every((target) => this.#isPlain(target, new Set()))
      return declared ? [mark("declaration")] : targets
    })
  }

  #targets(unit: Unit, index: number): ReadonlyArray<Edge> {
    return this.program.targets(this.program.home(unit), unit.references[index]!)
  }

  /** A unit nobody changes, plain by its syntax, that refers to such units only. */
  #isPlain(edge: Edge, seen: Set<Unit>): boolean {
    if (edge.kind !== "unit") return edge.kind === "outside" && edge.fixed
    const { unit } = edge
    if (seen.has(unit)) return true
    seen.add(unit)
    return unit.plain && !this.#writers.has(unit) &&
      unit.references.every((_, index) => this.#targets(unit, index).every((target) => this.#isPlain(target, seen)))
  }

  #effects(unit: Unit): ReadonlyArray<Unit> {
    if (!this.#hasStatements) return []
    const home = this.program.home(unit)
    const loaded = unit.references.flatMap((reference) =>
      reference[0] === "all" || reference[0] === "file" ? this.program.imported(home, reference[1]) ?? [] : []
    )
    return [home, ...loaded].flatMap((module) => this.#statementsOf(module))
  }

  /** Statements that run when `module` is imported, in order of evaluation. */
  #statementsOf(module: Module): ReadonlyArray<Unit> {
    const known = this.#statements.get(module)
    if (known !== undefined) return known
    const seen = new Set<Module>()
    const found: Array<Unit> = []
    const visit = (one: Module): void => {
      if (seen.has(one)) return
      seen.add(one)
      for (const specifier of one.summary.imports) {
        const imported = this.program.imported(one, specifier)
        if (imported !== undefined) visit(imported)
      }
      for (const unit of one.summary.units) if (unit.statement) found.push(unit)
    }
    visit(module)
    this.#statements.set(module, found)
    return found
  }

  /** `eval` sees the text and every binding of its file. */
  #evaluated(unit: Unit): ReadonlyArray<Edge> {
    if (!unit.evaluates) return []
    const { summary } = this.program.home(unit)
    return [mark(summary.text), ...summary.units.map(whole)]
  }

  #findWriters() {
    const writers = new Map<Unit, Set<Unit>>()
    const ambient: Array<Unit> = []
    const mutating = this.#mutating()
    for (const unit of this.#units) {
      let isAmbient = unit.ambient
      for (const index of new Set([...unit.writes, ...(mutating.size > 0 ? unit.loadCalls : [])])) {
        const writes = unit.writes.includes(index)
        for (const target of this.#targets(unit, index)) {
          if (target.kind === "outside") isAmbient ||= unit.statement && writes
          if (target.kind !== "unit" || target.unit === unit || !(writes || mutating.has(target.unit))) continue
          const known = writers.get(target.unit) ?? new Set()
          writers.set(target.unit, known.add(unit))
        }
      }
      if (isAmbient) ambient.push(unit)
    }
    return { writers, ambient: byHash(ambient) }
  }

  /** Units that write to a binding, or refer to one that does: calling them may change something. */
  #mutating(): ReadonlySet<Unit> {
    const found = new Set(this.#units.filter((unit) => unit.writes.length > 0))
    if (found.size === 0) return found
    const users = new Map<Unit, Array<Unit>>()
    for (const unit of this.#units) {
      for (const target of unit.references.flatMap((_, index) => this.#targets(unit, index))) {
        if (target.kind !== "unit") continue
        const known = users.get(target.unit)
        if (known === undefined) users.set(target.unit, [unit])
        else known.push(unit)
      }
    }
    // Grows while it is walked.
    for (const unit of found) for (const user of users.get(unit) ?? []) found.add(user)
    return found
  }
}

const whole = (unit: Unit): Target => ({ kind: "unit", unit, binding: 0 })

const byHash = (units: Iterable<Unit>): ReadonlyArray<Unit> => [...units].sort((a, b) => a.hash < b.hash ? -1 : 1)
