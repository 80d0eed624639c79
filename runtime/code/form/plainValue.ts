/**
 * Whether a constant is plain data or a plain schema: built from literals, the listed schemas of effect and the table
 * declarations of `runtime/Type.ts`, without a function of its own. The key of a node already holds the schemas of its
 * ports, so a plain declaration need not count as code. A schema that transforms or checks has behaviour the key does
 * not hold, and is not plain. References to other units of the project are left for the linker to judge.
 */
import type { ModuleNames } from "./ModuleNames.ts"
import { isErased, memberName, type Syntax, unwrapped } from "./Syntax.ts"

/** Schemas, and functions that make them, whose encoded form says everything. */
const plainSchemas = new Set([
  ..."String Number Finite Int Boolean BigInt Uint8Array Null Literal Literals NullOr Array NonEmptyArray".split(" "),
  ..."Struct Tuple Union Record Json Unknown".split(" ")
])

const declarations = new Set(["table", "value", "artifact"])

/** Modules that declare edge types: `runtime/Type.ts`, from inside the package or by its name. */
const typeModule = /(^|\/)Type(\.[jt]s)?$/

const isPlainMember = (specifier: string, member: string): boolean =>
  specifier === "effect/Schema" ? plainSchemas.has(member) : typeModule.test(specifier) && declarations.has(member)

/** Specifiers of packages: what lies behind them is not the project's to judge. */
const isPackage = (specifier: string): boolean => !/^(\.{0,2}\/|#|file:)/.test(specifier)

export const isPlainValue = (node: Syntax | null | undefined, names: ModuleNames): boolean => {
  if (node == null) return false
  const value = unwrapped(node)
  const every = (nodes: ReadonlyArray<Syntax | null>) => nodes.every((one) => isPlainValue(one, names))
  const reference = names.referenceOf(value, undefined)
  if (reference !== undefined) {
    if (reference[0] === "local") return true
    if (reference[0] !== "import") return false
    return isPlainMember(reference[1], reference[2]) || !isPackage(reference[1])
  }
  switch (value.type) {
    case "Literal":
      return value.regex == null
    case "TemplateLiteral":
      return value.expressions.length === 0
    case "UnaryExpression":
      return value.operator === "-" && isPlainValue(value.argument, names)
    case "ArrayExpression":
      return every(value.elements)
    case "ObjectExpression":
      return value.properties.every((property: Syntax) =>
        property.type === "SpreadElement"
          ? isPlainValue(property.argument, names)
          : property.kind === "init" && property.computed !== true && isPlainValue(property.value, names)
      )
    case "MemberExpression":
      return memberName(value) !== undefined && isPlainValue(value.object, names)
    case "CallExpression":
      return isPlainCall(unwrapped(value.callee), names) && every(value.arguments)
    default:
      return isErased(value)
  }
}

const isPlainCall = (callee: Syntax, names: ModuleNames): boolean => {
  const reference = names.referenceOf(callee, undefined)
  if (reference !== undefined) return reference[0] === "import" && isPlainMember(reference[1], reference[2])
  return callee.type === "MemberExpression" && memberName(callee) === "annotate" && isPlainValue(callee.object, names)
}
