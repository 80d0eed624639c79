/**
 * A unit while its syntax is walked: the references met so far and what the walk notes besides the normal form. It
 * decides what is worth a note; `normalForm.ts` decides where to look.
 */
import { allowedBy, type Impurity, impurityOfGlobal, impurityOfMember } from "./impurity.ts"
import { lineAt, lineStarts } from "../Lines.ts"
import type { ModuleNames } from "./ModuleNames.ts"
import { numberOf, type Scope } from "./scopes.ts"
import type { Finding, Reference, Unit } from "../Summary.ts"
import { isFunction, memberName, propertyKey, type Syntax, unwrapped } from "./Syntax.ts"

/** A source text with the comments that allow what is otherwise refused. */
export interface SourceText {
  readonly text: string
  readonly lineStarts: ReadonlyArray<number>
  readonly allowed: ReadonlyMap<number, ReadonlyArray<string>>
}

export const sourceText = (
  text: string,
  comments: ReadonlyArray<{ readonly value: string; readonly start: number }>
): SourceText => {
  const starts = lineStarts(text)
  const allowed = comments.map((comment) => [lineAt(starts, comment.start), allowedBy(comment.value)] as const)
  return { text, lineStarts: starts, allowed: new Map(allowed.filter(([, kinds]) => kinds.length > 0)) }
}

/** Methods that change the object they are called on. `register` is what registries of this world are filled by. */
const mutators = new Set(
  "push pop shift unshift splice sort reverse fill copyWithin set add delete clear append register".split(" ")
)

/** Functions that change their first argument. */
const changeFirst = new Set([
  "Object.assign",
  "Object.defineProperty",
  "Object.defineProperties",
  "Object.setPrototypeOf",
  "Reflect.set",
  "Reflect.defineProperty"
])

export class UnitDraft {
  readonly references: Array<Reference> = []
  readonly ports: Array<number> = []
  readonly names: Array<string> = []
  readonly functions: Array<readonly [number, number]> = []
  readonly #writes = new Set<number>()
  readonly #loadCalls = new Set<number>()
  readonly #findings: Array<Finding> = []
  readonly #indices = new Map<string, number>()
  readonly #source: SourceText
  readonly #modules: ModuleNames
  /** Whether the place of the walk may run while the module loads; so may a function that is given to a call. */
  loading = true
  #inFunction = false
  readsName = false
  #ambient = false
  #evaluates = false

  constructor(source: SourceText, modules: ModuleNames) {
    this.#source = source
    this.#modules = modules
  }

  /** Index of a reference, in order of first use. Ports count apart, for they may be left out of the digest. */
  index(reference: Reference, use: "code" | "port" = "code"): number {
    const key = [use, ...reference].join("\0")
    const known = this.#indices.get(key)
    if (known !== undefined) return known
    const index = this.references.push(reference) - 1
    this.#indices.set(key, index)
    if (use === "port") this.ports.push(index)
    return index
  }

  /** Walks code that runs when it is called, not where it stands. `atLoad`: it may be called while the module loads. */
  within(body: Syntax, atLoad: boolean, walk: () => void): void {
    const { loading } = this
    const inFunction = this.#inFunction
    if (!inFunction) this.functions.push([body.start, body.end])
    this.#inFunction = true
    this.loading = loading && atLoad
    walk()
    this.loading = loading
    this.#inFunction = inFunction
  }

  find(kind: Impurity, at: Syntax, what: string): void {
    const line = lineAt(this.#source.lineStarts, at.start)
    if (this.#findings.some((finding) => finding.line === line && finding.kind === kind)) return
    const allowed = kind !== "syntax" && this.#source.allowed.get(line)?.includes(kind) === true
    this.#findings.push({ kind, line, what, allowed })
  }

  /** Looks a used global, import or member up among the impurities. */
  inspect(node: Syntax, scope: Scope | undefined): void {
    const path = this.#modules.globalPath(node, scope)
    const impurity = path === undefined ? undefined : impurityOfGlobal(path)
    if (impurity !== undefined) return this.find(impurity, node, path!)
    const own = this.#modules.referenceOf(node, scope)
    if (own?.[0] === "import") return this.#inspectMember(node, own[1], own[2])
    if (own?.[0] === "all") return this.#inspectMember(node, own[1], "*")
    if (node.type === "MemberExpression") this.#inspectKey(node.object, memberName(node), scope, node)
  }

  /** `const { env } = process` takes what `process.env` takes. */
  inspectPattern(pattern: Syntax, from: Syntax | null | undefined, scope: Scope | undefined): void {
    if (pattern.type !== "ObjectPattern" || from == null) return
    for (const property of pattern.properties as ReadonlyArray<Syntax>) {
      const key = propertyKey(property)
      const path = this.#modules.globalPath(from, scope)
      const impurity = path === undefined ? undefined : impurityOfGlobal(`${path}.${key}`)
      if (impurity !== undefined) this.find(impurity, property, `${path}.${key}`)
      else this.#inspectKey(from, key, scope, property)
    }
  }

  /** A module that is brought in whole, in an expression. */
  inspectModule(at: Syntax, specifier: string): void {
    this.#inspectMember(at, specifier, "*")
  }

  /** A member of a module as a whole: `fs.readFileSync`, `(await import("node:crypto")).randomUUID`. */
  #inspectKey(object: Syntax, key: string | undefined, scope: Scope | undefined, at: Syntax): void {
    const specifier = key === undefined ? undefined : this.#modules.wholeModule(object, scope)
    if (specifier !== undefined) this.#inspectMember(at, specifier, key!)
  }

  #inspectMember(at: Syntax, specifier: string, member: string): void {
    const impurity = impurityOfMember(specifier, member)
    if (impurity !== undefined) this.find(impurity, at, `${member} of ${specifier}`)
  }

  /** Notes that `target` is assigned to, or that the object it names is changed (`changed`). */
  write(target: Syntax | null | undefined, scope: Scope | undefined, changed = false): void {
    if (target == null) return
    let node = unwrapped(target)
    while (node.type === "MemberExpression" && this.#modules.namespaceMember(node, scope) === undefined) {
      node = unwrapped(node.object)
      changed = true
    }
    const reference = this.#modules.referenceOf(node, scope)
    if (reference !== undefined) {
      // A namespace is immutable: only what hangs below it can change.
      if (reference[0] !== "all" || changed) this.#writes.add(this.index(reference))
    } else if (node.type === "Identifier" && numberOf(node.name, scope) === undefined && this.loading) {
      this.#ambient = true
    } else if (node.type === "ObjectPattern" || node.type === "ArrayPattern") {
      for (const part of (node.properties ?? node.elements) as ReadonlyArray<Syntax | null>) {
        const inner = part?.value ?? part?.argument ?? part
        this.write(inner?.left ?? inner, scope)
      }
    }
  }

  /** Notes what a call changes, what it calls while the module loads, and whether it asks for the time. */
  call(node: Syntax, callee: Syntax, scope: Scope | undefined): void {
    const target = this.#modules.referenceOf(callee, scope)
    if (this.loading) {
      // A function may call those it is given.
      for (const called of [callee, ...node.arguments] as ReadonlyArray<Syntax>) {
        const reference = this.#modules.referenceOf(unwrapped(called), scope)
        if (reference !== undefined) this.#loadCalls.add(this.index(reference))
      }
    }
    const isNew = node.type === "NewExpression"
    this.#evaluates ||= this.#modules.isGlobal(callee, "Function", scope) ||
      (!isNew && this.#modules.isGlobal(callee, "eval", scope))
    if (this.#modules.isGlobal(callee, "Date", scope) && (!isNew || node.arguments.length === 0)) {
      this.find("clock", node, isNew ? "new Date()" : "Date()")
    }
    const path = this.#modules.globalPath(callee, scope)
    if (path !== undefined && changeFirst.has(path)) this.write(node.arguments[0], scope, true)
    const method = callee.type === "MemberExpression" && target === undefined ? memberName(callee) : undefined
    if (method !== undefined && mutators.has(method)) this.write(callee.object, scope, true)
  }

  /** A method call whose value nobody uses, made while the module loads, can only be made for what it changes. */
  standaloneCall(callee: Syntax, scope: Scope | undefined): void {
    if (!this.loading || callee.type !== "MemberExpression") return
    const known = this.#modules.referenceOf(callee, scope) ?? this.#modules.globalPath(callee, scope)
    if (known === undefined) this.write(callee.object, scope, true)
  }

  /** A function or class that takes its name from the binding or property it is assigned to. */
  nameFrom(target: Syntax | null | undefined, value: Syntax | null | undefined): void {
    if (target?.type !== "Identifier" || value == null) return
    const named = unwrapped(value)
    if ((isFunction(named) || named.type === "ClassExpression") && named.id == null) this.names.push(target.name)
  }

  finish(
    node: Syntax,
    rest: Pick<Unit, "binds" | "hash" | "statement" | "plain">
  ): Unit {
    return {
      ...rest,
      start: node.start,
      end: node.end,
      line: lineAt(this.#source.lineStarts, node.start),
      references: this.references,
      ports: this.ports,
      names: this.names,
      readsName: this.readsName,
      writes: [...this.#writes],
      loadCalls: [...this.#loadCalls],
      functions: this.functions,
      ambient: this.#ambient,
      evaluates: this.#evaluates,
      findings: this.#findings
    }
  }
}
