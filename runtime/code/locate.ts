/**
 * Which declaration made a node object. First by the call stack of its making: the innermost frame that lies in
 * load-time code of a known module belongs to the declaration, also through factories. Where stacks do not name places
 * on disk (vitest, other transformers), by identity: the modules are imported once more, which yields the instances
 * that are loaded already, and the node is looked for among their exports.
 */
import { fileURLToPath, pathToFileURL } from "node:url"
import type { Frame, Site } from "./definitionSite.ts"
import { lineStarts, offsetAt } from "./Lines.ts"
import type { Module, Program } from "./Program.ts"
import type { Unit } from "./Summary.ts"

/**
 * The unit whose load-time code lies on the stack, innermost first. A frame inside a function says nothing: the values
 * it works with come from its caller, and only code outside all functions has none. So a node made while an experiment
 * is built, from numbers no digest sees, has no unit. Engine and packages are no modules of the program.
 */
export const unitAtSite = (program: Program, site: Site): Unit | undefined => {
  for (const frame of site.frames) {
    const module = program.modules.get(fileURLToPath(frame.url))
    const unit = module === undefined ? undefined : unitAtFrame(module, frame)
    if (unit !== undefined) return unit
  }
  return undefined
}

/**
 * The file of an installed package whose loading made the node; the package's version stands for its code. While the
 * program runs there is no such file: who is outermost then is whoever runs it.
 */
export const fileLoadedAtSite = (site: Site): string | undefined => {
  const outermost = site.frames.at(-1)
  return site.loading && outermost !== undefined ? fileURLToPath(outermost.url) : undefined
}

const unitAtFrame = (module: Module, frame: Frame): Unit | undefined => {
  const at = offsetAt(lineStarts(module.text), frame.line, frame.column)
  if (at === undefined) return undefined
  const holds = ([start, end]: readonly [number, number]) => start <= at && at < end
  return module.summary.units.find((unit) => holds([unit.start, unit.end]) && !unit.functions.some(holds))
}

/**
 * Exported values of every module that importing `entry` evaluates, and what hangs below them, by the unit that makes
 * them. Modules reached only by `import()` or as workers are left alone: importing would run them.
 */
export const unitsByValue = async (program: Program, entry: string): Promise<ReadonlyMap<object, Unit>> => {
  const units = new Map<object, Unit>()
  for (const module of evaluatedBy(program, entry)) {
    const values: { readonly [name: string]: unknown } = await import(pathToFileURL(module.file).href)
    for (const [name, value] of Object.entries(values)) {
      const target = program.exported(module, name)
      if (target?.kind !== "unit") continue
      for (const one of reachable(value, 2)) {
        if (!units.has(one)) units.set(one, target.unit)
      }
    }
  }
  return units
}

/** Modules in order of evaluation, so that a value belongs to the module that made it, not to one that passes it on. */
const evaluatedBy = (program: Program, entry: string): ReadonlySet<Module> => {
  const visited = new Set<Module>()
  const evaluated = new Set<Module>()
  const visit = (module: Module): void => {
    if (visited.has(module)) return
    visited.add(module)
    for (const specifier of module.summary.imports) {
      const imported = program.imported(module, specifier)
      if (imported !== undefined) visit(imported)
    }
    evaluated.add(module)
  }
  const start = program.modules.get(entry)
  if (start !== undefined) visit(start)
  return evaluated
}

const isIdentity = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"

/** `value`, members of arrays and records, and what functions carry, such as the definition of a node. */
const reachable = (value: unknown, depth: number): ReadonlyArray<object> => {
  if (!isIdentity(value)) return []
  const holds = Array.isArray(value) || typeof value === "function" ||
    Object.getPrototypeOf(value) === Object.prototype
  const members = depth === 0 || !holds ? [] : Object.values(value)
  return [value, ...members.flatMap((member) => reachable(member, depth - 1))]
}
