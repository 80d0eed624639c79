/**
 * A fast yes for cells whose schema changes nothing: text, numbers, booleans, literals, and lists and structs of these,
 * decoded and encoded alike, need no codec, only their checks. A no says nothing: whoever gets it asks the schema, which
 * also has the words for what is wrong.
 */
import * as SchemaAST from "effect/SchemaAST"

export type PlainCheck = (value: unknown) => boolean

const always: PlainCheck = () => true

const representationId = (check: SchemaAST.Check<any>): unknown =>
  (check.annotations?.["representation"] as { readonly id?: unknown } | undefined)?.id

/** The two checks that most numbers have, without the objects that the general way makes. */
const known = new Map<unknown, PlainCheck>([
  ["effect/schema/isFinite", Number.isFinite],
  ["effect/schema/isInt", Number.isSafeInteger]
])

const oneCheck = (check: SchemaAST.Check<any>, ast: SchemaAST.AST): PlainCheck => {
  if (check._tag === "FilterGroup") return allChecks(check.checks, ast)
  const fast = check.annotations?.["message"] === undefined ? known.get(representationId(check)) : undefined
  return fast ?? ((value) => check.run(value, ast, {}) === undefined)
}

const allChecks = (
  checks: ReadonlyArray<SchemaAST.Check<any>> | undefined,
  ast: SchemaAST.AST
): PlainCheck => {
  const [first, second, ...rest] = (checks ?? []).map((check) => oneCheck(check, ast))
  if (first === undefined) return always
  if (second === undefined) return first
  return (value) => first(value) && second(value) && rest.every((check) => check(value))
}

const unionForm = (ast: SchemaAST.Union): PlainCheck | undefined => {
  const members = ast.types.map(plainCheck)
  if (ast.options?.mode === "oneOf" || members.includes(undefined)) return undefined
  const found = members as ReadonlyArray<PlainCheck>
  const [first, second] = found
  if (first !== undefined && second !== undefined && found.length === 2) return (value) => first(value) || second(value)
  return (value) => found.some((member) => member(value))
}

const listForm = (ast: SchemaAST.Arrays): PlainCheck | undefined => {
  const [rest, ...more] = ast.rest
  if (rest === undefined || more.length > 0 || ast.elements.length > 0) return undefined
  const item = plainCheck(rest)
  if (item === undefined) return undefined
  return (value) => {
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) if (!item(value[i])) return false
    return true
  }
}

/** How many properties a `for` sees: the enumerable ones, inherited ones with them. */
export const propertyCount = (value: object): number => {
  let count = 0
  for (const _ in value) count++
  return count
}

const structForm = (ast: SchemaAST.Objects): PlainCheck | undefined => {
  if (ast.indexSignatures.length > 0) return undefined
  const fields: Array<readonly [name: string, check: PlainCheck]> = []
  for (const { name, type } of ast.propertySignatures) {
    const check = plainCheck(type)
    if (typeof name !== "string" || check === undefined) return undefined
    fields.push([name, check])
  }
  return (value) => {
    if (typeof value !== "object" || value === null || propertyCount(value) !== fields.length) return false
    for (const [name, check] of fields) if (!check((value as Readonly<Record<string, unknown>>)[name])) return false
    return true
  }
}

/** What `ast` asks beside its checks; undefined when its codec may change a value. */
const formOf = (ast: SchemaAST.AST): PlainCheck | undefined => {
  switch (ast._tag) {
    case "String":
      return (value) => typeof value === "string"
    case "Number":
      return (value) => typeof value === "number"
    case "Boolean":
      return (value) => typeof value === "boolean"
    case "BigInt":
      return (value) => typeof value === "bigint"
    case "Null":
      return (value) => value === null
    case "Literal":
      return (value) => value === ast.literal
    case "Union":
      return unionForm(ast)
    case "Arrays":
      return listForm(ast)
    case "Objects":
      return structForm(ast as SchemaAST.Objects)
    default:
      return undefined
  }
}

/**
 * Says yes only to values that are the same decoded and encoded, and that the schema takes. `undefined` when the codec
 * may change a value.
 */
export const plainCheck = (ast: SchemaAST.AST): PlainCheck | undefined => {
  if (ast.encoding !== undefined || SchemaAST.isOptional(ast)) return undefined
  if ("encodingChecks" in ast && ast.encodingChecks !== undefined) return undefined
  const form = formOf(ast)
  if (form === undefined || ast.checks === undefined) return form
  const checks = allChecks(ast.checks, ast)
  return (value) => form(value) && checks(value)
}

/** True where a column takes every text, and nothing else but null where it may be that. */
export const isAnyText = (ast: SchemaAST.AST): boolean => {
  if (ast.checks !== undefined || ast.encoding !== undefined || plainCheck(ast) === undefined) return false
  if (ast._tag === "Union") {
    return ast.types.some(isAnyText) && ast.types.every((type) => type._tag === "Null" || isAnyText(type))
  }
  return ast._tag === "String"
}
