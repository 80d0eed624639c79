/**
 * One source file to its summary: splits the module into units, notes what it imports and exports, and has each unit
 * brought into normal form. Pure in the text; needs a parser and no other file.
 */
import { hash } from "node:crypto"
import type { Comment, parseSync } from "oxc-parser"
import { ModuleNames } from "./ModuleNames.ts"
import { type Declared, normalForm } from "./normalForm.ts"
import { hoistedNames, patternNames } from "./scopes.ts"
import type { Reference, Summary, Unit } from "../Summary.ts"
import { isErased, type Syntax } from "./Syntax.ts"
import { sourceText } from "./UnitDraft.ts"

type Parse = typeof parseSync

const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file)

/** By what a summary is stored: the text, and the language it is read as. */
export const textHash = (file: string, text: string): string =>
  hash("sha256", `${isTypeScript(file) ? "ts" : "js"}\0${text}`)

/** Never fails: a file that does not parse gets a summary whose only unit is refused. */
export const summarise = (parse: Parse, file: string, text: string): Summary => {
  const result = parse(file, text, {
    sourceType: "module",
    preserveParens: false,
    // The tree for JavaScript would lose `declare` and `import type` without a trace.
    ...(isTypeScript(file) ? { lang: "ts", astType: "ts" } : {})
  })
  const source = sourceText(text, result.comments as ReadonlyArray<Comment>)
  const [error] = result.errors
  if (error !== undefined) return unreadable(textHash(file, text), error.message)
  const parts = new ModuleParts()
  for (const statement of result.program.body as unknown as ReadonlyArray<Syntax>) parts.add(statement)
  const names = new ModuleNames(parts.imported, parts.declared)
  const units = parts.units.map((declared) => normalForm(declared, source, names))
  return {
    text: textHash(file, text),
    units: units.filter((unit) => !isLog(unit, text)),
    exports: [...parts.exports].map(([name, reference]) => [
      name,
      reference[0] === "local" ? parts.imported.get(reference[1]) ?? reference : reference
    ]),
    stars: parts.stars,
    imports: parts.imports
  }
}

/** A statement that only prints changes no result. */
const isLog = (unit: Unit, text: string): boolean =>
  unit.statement && text.startsWith("console.", unit.start) && unit.writes.length + unit.loadCalls.length === 0

const unreadable = (text: string, message: string): Summary => {
  const finding = { kind: "syntax", line: 1, what: `a syntax error (${message})`, allowed: false } as const
  const unit: Unit = {
    binds: [],
    start: 0,
    end: 0,
    line: 1,
    hash: text,
    references: [],
    ports: [],
    names: [],
    readsName: false,
    statement: true,
    plain: false,
    writes: [],
    loadCalls: [],
    functions: [],
    ambient: false,
    evaluates: false,
    findings: [finding]
  }
  return { text, units: [unit], exports: [], stars: [], imports: [] }
}

/** What a module is made of, gathered statement by statement. */
class ModuleParts {
  readonly units: Array<Declared> = []
  readonly declared = new Set<string>()
  readonly imported = new Map<string, Reference>()
  readonly exports = new Map<string, Reference>()
  readonly stars: Array<string> = []
  readonly imports: Array<string> = []

  add(statement: Syntax): void {
    if (statement.importKind === "type" || statement.exportKind === "type" || isErased(statement)) return
    if (statement.directive != null) return
    // `import { type A } from` still loads the module: Node erases the name, not the import.
    if (statement.source != null) this.imports.push(statement.source.value)
    switch (statement.type) {
      case "ImportDeclaration":
        return this.#import(statement)
      case "ExportAllDeclaration":
        if (statement.exported == null) this.stars.push(statement.source.value)
        else this.exports.set(nameOf(statement.exported), ["all", statement.source.value])
        return
      case "ExportNamedDeclaration":
        return this.#exportNamed(statement)
      case "ExportDefaultDeclaration":
        return this.#exportDefault(statement.declaration)
      default:
        this.#declare(statement)
    }
  }

  #import(statement: Syntax): void {
    const from: string = statement.source.value
    if (statement.specifiers.length === 0) this.#unit(statement, [], { statement: true })
    for (const one of valueSpecifiers(statement)) {
      const whole = one.type === "ImportNamespaceSpecifier"
      const member = one.imported == null ? "default" : nameOf(one.imported)
      this.imported.set(one.local.name, whole ? ["all", from] : ["import", from, member])
    }
  }

  #exportNamed(statement: Syntax): void {
    if (statement.declaration != null) {
      for (const name of this.#declare(statement.declaration)) this.exports.set(name, ["local", name])
    }
    for (const one of valueSpecifiers(statement)) {
      const local = nameOf(one.local)
      this.exports.set(
        nameOf(one.exported),
        statement.source == null ? ["local", local] : ["import", statement.source.value, local]
      )
    }
  }

  #exportDefault(declaration: Syntax): void {
    if (isErased(declaration)) return
    const named = declaration.type.endsWith("Declaration") && declaration.id != null
    const name = named ? declaration.id.name : "*default*"
    this.#unit(declaration, [name])
    this.exports.set("default", ["local", name])
  }

  /** Adds the units of a declaration or statement; the names it binds. */
  #declare(node: Syntax): ReadonlyArray<string> {
    if (isErased(node)) return []
    if (node.type === "VariableDeclaration") {
      const disposed = node.kind.endsWith("using")
      return node.declarations.flatMap((one: Syntax) => this.#unit(one, patternNames(one.id), { disposed }))
    }
    const named = node.type === "FunctionDeclaration" || node.type === "ClassDeclaration"
    if (named) return this.#unit(node, [node.id.name])
    // What Node cannot run is refused where it is reached: by its name.
    if (node.type.startsWith("TS")) return this.#unit(node, node.id == null ? [] : [node.id.name], { statement: true })
    this.#unit(node, hoistedNames(node), { statement: true })
    return []
  }

  #unit(
    node: Syntax,
    binds: ReadonlyArray<string>,
    how: { readonly statement?: boolean; readonly disposed?: boolean } = {}
  ): ReadonlyArray<string> {
    for (const name of binds) this.declared.add(name)
    this.units.push({ node, binds, statement: how.statement ?? false, disposed: how.disposed ?? false })
    return binds
  }
}

const nameOf = (node: Syntax): string => node.name ?? node.value

const valueSpecifiers = (statement: Syntax): ReadonlyArray<Syntax> =>
  statement.specifiers.filter((one: Syntax) => one.importKind !== "type" && one.exportKind !== "type")
