/**
 * Questions about single nodes of an ESTree syntax tree as oxc-parser gives it. Nothing here knows of scopes or
 * digests.
 */

/**
 * A node of the tree. Fields are read by name, because the walk must also take kinds of node it has no case for: a
 * syntax that comes with the next parser has to count, not to be skipped.
 */
export interface Syntax {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: any
}

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

const typeWrappers = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "TSTypeAssertion",
  "ParenthesizedExpression"
])

const typeOnly = new Set([
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSDeclareFunction",
  "TSIndexSignature",
  "TSAbstractMethodDefinition",
  "TSAbstractPropertyDefinition",
  "TSAbstractAccessorProperty",
  "EmptyStatement"
])

export const isFunction = (node: Syntax): boolean => functions.has(node.type)

/** It wraps an expression in types and does nothing when it runs. */
export const isTypeWrapper = (node: Syntax): boolean => typeWrappers.has(node.type)

/** Nothing of it is left when the program runs. */
export const isErased = (node: Syntax): boolean =>
  typeOnly.has(node.type) || node.declare === true || node.value?.type === "TSEmptyBodyFunctionExpression" ||
  (node.type === "TSModuleDeclaration" && node.global === true)

/** The expression inside type wrappers and optional chains. */
export const unwrapped = (node: Syntax): Syntax => {
  let inner = node
  while (inner != null && (isTypeWrapper(inner) || inner.type === "ChainExpression")) inner = inner.expression
  return inner
}

/** The text of a string literal or of a template without holes. */
export const literalText = (node: Syntax | null | undefined): string | undefined =>
  node?.type === "Literal" && typeof node.value === "string"
    ? node.value
    : node?.type === "TemplateLiteral" && node.expressions.length === 0
    ? node.quasis[0].value.cooked
    : undefined

/** The key of a property or class member as it is at run time; `undefined` where it is computed. */
export const propertyKey = (node: Syntax): string | undefined =>
  node.computed === true || node.key === undefined
    ? undefined
    : node.key.type === "PrivateIdentifier"
    ? `#${node.key.name}`
    : String(node.key.name ?? node.key.value)

/** The member that `a.b`, `a["b"]` or `a.#b` names; `undefined` where it is computed. */
export const memberName = (node: Syntax): string | undefined =>
  node.computed === true
    ? literalText(node.property)
    : node.property.type === "PrivateIdentifier"
    ? `#${node.property.name}`
    : node.property.name

/** A block of one statement that declares nothing means that statement: braces round it are formatting. */
export const withoutBraces = <N extends Syntax | null | undefined>(node: N): N | Syntax => {
  if (node?.type !== "BlockStatement") return node
  const body: ReadonlyArray<Syntax> = node.body.filter((statement: Syntax) => !isErased(statement))
  const [only] = body
  return body.length === 1 && only !== undefined && !only.type.endsWith("Declaration") ? only : node
}
