/**
 * The state of one walk over one unit, and the parts of the normal form that every kind of syntax shares: names,
 * references, keys, scopes. How a kind of node is written is told by the forms given to it (`declarationForms.ts`,
 * `statementForms.ts`, `expressionForms.ts`); kinds without a form are written field by field.
 */
import type { Reference } from "../Summary.ts"
import type { ModuleNames } from "./ModuleNames.ts"
import { numberOf, type Scope } from "./scopes.ts"
import { isErased, isTypeWrapper, propertyKey, type Syntax } from "./Syntax.ts"
import type { UnitDraft } from "./UnitDraft.ts"

/** Writes one kind of node; forms are tables by ESTree type. */
export type Form = (writer: TokenWriter, node: Syntax, scope: Scope | undefined) => void
export type Forms = { readonly [type: string]: Form }

/** Fields that hold types or places, or say what another field says too. */
const skippedFields = new Set(
  ("type start end range loc raw parent typeAnnotation typeParameters typeArguments returnType superTypeArguments " +
    "implements declare override definite readonly accessibility abstract decorators shorthand optional importKind " +
    "exportKind phase directive").split(" ")
)

/** TypeScript that is more than types: Node refuses it too. */
const unerasable = new Set([
  "TSEnumDeclaration",
  "TSModuleDeclaration",
  "TSImportEqualsDeclaration",
  "TSExportAssignment",
  "TSParameterProperty"
])

export class TokenWriter {
  readonly tokens: Array<string> = []
  /** Labels of the statements around the place of the walk, outermost first. */
  readonly labels: Array<string> = []
  /** The unit itself: the name it binds is no part of its form. */
  readonly root: Syntax
  readonly draft: UnitDraft
  readonly names: ModuleNames
  readonly #forms: Forms
  #locals = 0

  constructor(root: Syntax, draft: UnitDraft, names: ModuleNames, forms: Forms) {
    this.root = root
    this.draft = draft
    this.names = names
    this.#forms = forms
  }

  put(...tokens: ReadonlyArray<string>): void {
    for (const token of tokens) this.tokens.push(token)
  }

  /** A scope inside `around`; its names get the next numbers. */
  scope(names: ReadonlyArray<string>, around: Scope | undefined): Scope {
    return { numbers: new Map([...new Set(names)].map((name) => [name, this.#locals++])), around }
  }

  walk(node: Syntax | null | undefined, scope: Scope | undefined): void {
    if (node == null) return this.put("-")
    if (isTypeWrapper(node)) return this.walk(node.expression, scope)
    if (isErased(node)) return
    if (node.decorators?.length > 0) this.draft.find("syntax", node, "a decorator")
    if (unerasable.has(node.type)) this.draft.find("syntax", node, node.type.replace(/^TS/, ""))
    const form = this.#forms[node.type]
    if (form === undefined) this.fields(node, scope)
    else form(this, node, scope)
  }

  list(nodes: ReadonlyArray<Syntax | null>, scope: Scope | undefined): void {
    this.put("[")
    for (const node of nodes) this.walk(node, scope)
    this.put("]")
  }

  /** Any kind of node: its type and all fields that mean something, in the order of the parser. */
  fields(node: Syntax, scope: Scope | undefined): void {
    this.put(node.type)
    for (const [field, value] of Object.entries(node)) {
      if (skippedFields.has(field)) continue
      this.put(field)
      if (Array.isArray(value)) this.list(value, scope)
      else if (value !== null && typeof value === "object") this.walk(value, scope)
      else this.put(JSON.stringify(value) ?? "-")
    }
  }

  reference(reference: Reference): void {
    this.put(`R${this.draft.index(reference)}`)
  }

  /** A name: a local's number, a reference, or the global itself. */
  name(name: string, scope: Scope | undefined): void {
    const local = numberOf(name, scope)
    if (local !== undefined) return this.put(`L${local}`)
    const reference = this.names.reference(name, scope)
    if (reference !== undefined) return this.reference(reference)
    this.put(`G${name}`)
  }

  key(node: Syntax, scope: Scope | undefined): void {
    const key = propertyKey(node)
    if (key !== undefined) return this.put(JSON.stringify(key))
    this.put("computed")
    this.walk(node.key, scope)
  }
}
