/**
 * What a name means at a place in one file: a local of the unit, a binding or import of the module, or a global.
 */
import { numberOf, type Scope } from "./scopes.ts"
import type { Reference } from "../Summary.ts"
import { literalText, memberName, type Syntax, unwrapped } from "./Syntax.ts"

export class ModuleNames {
  readonly #imports: ReadonlyMap<string, Reference>
  readonly #declared: ReadonlySet<string>

  constructor(imports: ReadonlyMap<string, Reference>, declared: ReadonlySet<string>) {
    this.#imports = imports
    this.#declared = declared
  }

  /** The module binding or import that `name` means, unless a local shadows it. */
  reference(name: string, scope: Scope | undefined): Reference | undefined {
    if (numberOf(name, scope) !== undefined) return undefined
    return this.#imports.get(name) ?? (this.#declared.has(name) ? ["local", name] : undefined)
  }

  /** The member that `a.b` names where `a` is `import * as a`: a namespace used this way does not escape. */
  namespaceMember(node: Syntax | undefined, scope: Scope | undefined): Reference | undefined {
    if (node?.type !== "MemberExpression" || node.optional === true) return undefined
    const object = unwrapped(node.object)
    const namespace = object.type === "Identifier" ? this.reference(object.name, scope) : undefined
    const member = memberName(node)
    return namespace?.[0] === "all" && member !== undefined ? ["import", namespace[1], member] : undefined
  }

  /** What an expression refers to, where it is a plain name or a member of a namespace. */
  referenceOf(node: Syntax | undefined, scope: Scope | undefined): Reference | undefined {
    return node?.type === "Identifier"
      ? this.reference(node.name, scope)
      : this.namespaceMember(node, scope)
  }

  /** The specifier of a module that an expression holds whole: a namespace, a default import, an awaited `import()`. */
  wholeModule(node: Syntax, scope: Scope | undefined): string | undefined {
    const value = unwrapped(node)
    if (value.type === "AwaitExpression") return this.wholeModule(value.argument, scope)
    if (value.type === "ImportExpression") return literalText(value.source)
    if (value.type === "CallExpression") {
      return this.isRequire(value, scope)
        ? literalText(value.arguments[0])
        : undefined
    }
    const reference = this.referenceOf(value, scope)
    const isWhole = reference?.[0] === "all" || (reference?.[0] === "import" && reference[2] === "default")
    return isWhole ? reference[1] : undefined
  }

  /** Whether a call is one of `require`, also of one that `createRequire` made. */
  isRequire(call: Syntax, scope: Scope | undefined): boolean {
    const callee = unwrapped(call.callee)
    return callee.type === "Identifier" && callee.name === "require" && numberOf("require", scope) === undefined
  }

  isGlobal(node: Syntax | undefined, name: string, scope: Scope | undefined): boolean {
    return node?.type === "Identifier" && node.name === name && this.globalPath(node, scope) === name
  }

  /** `Math.random` for `Math.random` and `globalThis.Math["random"]`, where no binding shadows the first name. */
  globalPath(node: Syntax | null | undefined, scope: Scope | undefined): string | undefined {
    if (node == null) return undefined
    const inner = unwrapped(node)
    if (inner.type === "Identifier") {
      const free = numberOf(inner.name, scope) === undefined && this.reference(inner.name, scope) === undefined
      return free ? inner.name : undefined
    }
    if (inner.type !== "MemberExpression") return undefined
    const member = memberName(inner)
    const object = member === undefined ? undefined : this.globalPath(inner.object, scope)
    if (object === undefined) return undefined
    return object === "globalThis" || object === "global" ? member : `${object}.${member}`
  }
}

/** The specifier of `new URL("./f", import.meta.url)`, whose file belongs to the code that names it. */
export const fileOfUrl = (node: Syntax): string | undefined => {
  const [path, base] = node.arguments as ReadonlyArray<Syntax | undefined>
  const specifier = literalText(path)
  const beside = base?.type === "MemberExpression" && base.object.type === "MetaProperty" && memberName(base) === "url"
  return beside && specifier !== undefined && /^\.\.?\//.test(specifier) ? specifier : undefined
}
