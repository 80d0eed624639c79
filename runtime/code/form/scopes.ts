/**
 * Local names of a unit: which a piece of syntax declares, and the numbers that stand for them in the normal form.
 * Numbers instead of names make renaming a local a cosmetic edit, and shadowing exact.
 */
import { isErased, isFunction, type Syntax } from "./Syntax.ts"

/** Names declared in one block, function or class, and the scope around it. */
export interface Scope {
  readonly numbers: ReadonlyMap<string, number>
  readonly around: Scope | undefined
}

/** The number of a local name; `undefined` if no scope of the unit declares it. */
export const numberOf = (name: string, scope: Scope | undefined): number | undefined => {
  for (let inner = scope; inner !== undefined; inner = inner.around) {
    const number = inner.numbers.get(name)
    if (number !== undefined) return number
  }
  return undefined
}

/** Names that a binding pattern declares, in order. */
export const patternNames = (pattern: Syntax | null | undefined): ReadonlyArray<string> => {
  if (pattern == null) return []
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name]
    case "ObjectPattern":
      return pattern.properties.flatMap((property: Syntax) => patternNames(property.value ?? property.argument))
    case "ArrayPattern":
      return pattern.elements.flatMap(patternNames)
    default: // `a = 1`, `...a`, a parameter property
      return patternNames(pattern.left ?? pattern.argument ?? pattern.parameter)
  }
}

/** Fields through which statements contain statements of the same function. */
const nested = ["body", "consequent", "alternate", "block", "handler", "finalizer", "cases", "init", "left"]

/** Names that `var` hoists out of these statements to the function around them. */
export const hoistedNames = (node: Syntax | ReadonlyArray<Syntax> | null | undefined): ReadonlyArray<string> => {
  if (node == null) return []
  if (isList(node)) return node.flatMap(hoistedNames)
  if (node.type === "VariableDeclaration") return node.kind === "var" ? declaredNames(node) : []
  const { type } = node
  if (isFunction(node) || type.startsWith("Class")) return []
  return nested.flatMap((field) => typeof node[field] === "object" ? hoistedNames(node[field]) : [])
}

/** Names that these statements declare in their own block. */
export const blockNames = (body: ReadonlyArray<Syntax>): ReadonlyArray<string> =>
  body.flatMap((statement) => {
    if (isErased(statement)) return []
    if (statement.type === "VariableDeclaration") return statement.kind === "var" ? [] : declaredNames(statement)
    const named = statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration"
    return named ? [statement.id.name] : []
  })

const declaredNames = (declaration: Syntax): ReadonlyArray<string> =>
  declaration.declarations.flatMap((one: Syntax) => patternNames(one.id))

const isList = (node: Syntax | ReadonlyArray<Syntax>): node is ReadonlyArray<Syntax> => Array.isArray(node)
