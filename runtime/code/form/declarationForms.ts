/**
 * Forms of what declares: functions, classes and their members, variables, patterns, assignments.
 */
import { blockNames, hoistedNames, patternNames, type Scope } from "./scopes.ts"
import { propertyKey, type Syntax, withoutBraces } from "./Syntax.ts"
import type { Form, Forms, TokenWriter } from "./TokenWriter.ts"

const functionDeclaration: Form = (writer, node, scope) => {
  if (node !== writer.root) writer.name(node.id.name, scope)
  functionForm(writer, node, scope)
}

const functionForm: Form = (writer, node, scope) => writeFunction(writer, node, scope, false)

/** A function; `atLoad`: it may run while the module loads. */
export const writeFunction = (writer: TokenWriter, node: Syntax, scope: Scope | undefined, atLoad: boolean): void =>
  writer.draft.within(node, atLoad, () => {
    if (node.id != null) writer.draft.names.push(node.id.name)
    const around = node.type === "FunctionExpression" && node.id != null ? writer.scope([node.id.name], scope) : scope
    const kind = node.type === "FunctionDeclaration" ? "FunctionExpression" : node.type
    writer.put(kind, String(node.async), String(node.generator))
    const parameters: ReadonlyArray<Syntax> = node.params.filter((parameter: Syntax) => parameter.name !== "this")
    const outer = writer.scope(parameters.flatMap(patternNames), around)
    writer.list(parameters, outer)
    const body = returned(node)
    if (body.type !== "BlockStatement") return writer.walk(body, outer)
    // `var` of a parameter's name is that parameter.
    const hoisted = hoistedNames(body.body).filter((name) => !outer.numbers.has(name))
    writer.list(body.body, writer.scope([...hoisted, ...blockNames(body.body)], outer))
  })

/** What an arrow function with a body of one `return` returns; else the body. */
const returned = (fn: Syntax): Syntax => {
  if (fn.type !== "ArrowFunctionExpression") return fn.body
  const only = withoutBraces(fn.body as Syntax)
  return only.type === "ReturnStatement" && only.argument != null ? only.argument : fn.body
}

const classForm: Form = (writer, node, scope) => {
  if (node.id != null) writer.draft.names.push(node.id.name)
  if (node.type === "ClassDeclaration" && node !== writer.root) writer.name(node.id.name, scope)
  const inner = node.id == null ? scope : writer.scope([node.id.name], scope)
  writer.put("Class")
  writer.walk(node.superClass, inner)
  writer.list(node.body.body, inner)
}

const classMember: Form = (writer, node, scope) => {
  writer.put(node.type, String(node.static), String(node.kind))
  writer.key(node, scope)
  const isInstanceField = node.type !== "MethodDefinition" && node.static !== true && node.value != null
  // Fields of instances are initialised when one is made, static ones when the class is.
  if (isInstanceField) writer.draft.within(node.value, false, () => writer.walk(node.value, scope))
  else writer.walk(node.value, scope)
}

const declarator: Form = (writer, node, scope) => {
  writer.draft.nameFrom(node.id, node.init)
  writer.draft.inspectPattern(node.id, node.init, scope)
  writer.put(node.type)
  if (node !== writer.root || node.id.type !== "Identifier") writer.walk(node.id, scope)
  writer.walk(node.init, scope)
}

const assignment: Form = (writer, node, scope) => {
  writer.draft.nameFrom(node.left, node.right)
  if (node.type === "AssignmentExpression") {
    writer.draft.inspectPattern(node.left, node.right, scope)
    writer.draft.write(node.left, scope)
  }
  writer.fields(node, scope)
}

const update: Form = (writer, node, scope) => {
  if (node.operator === "delete" || node.type === "UpdateExpression") writer.draft.write(node.argument, scope, true)
  writer.fields(node, scope)
}

const property: Form = (writer, node, scope) => {
  writer.draft.nameFrom(node.value?.left, node.value?.right)
  // `{ __proto__ }` is a property of that name, `{ __proto__: x }` sets the prototype.
  const own = node.shorthand === true && propertyKey(node) === "__proto__"
  writer.put(node.type, node.kind, String(node.method), String(own))
  writer.key(node, scope)
  writer.walk(node.value, scope)
}

const objectPattern: Form = (writer, node, scope) => {
  writer.draft.readsName ||= node.properties.some((one: Syntax) => propertyKey(one) === "name")
  writer.fields(node, scope)
}

export const declarationForms: Forms = {
  FunctionDeclaration: functionDeclaration,
  FunctionExpression: functionForm,
  ArrowFunctionExpression: functionForm,
  ClassDeclaration: classForm,
  ClassExpression: classForm,
  MethodDefinition: classMember,
  PropertyDefinition: classMember,
  AccessorProperty: classMember,
  VariableDeclarator: declarator,
  AssignmentExpression: assignment,
  AssignmentPattern: assignment,
  UpdateExpression: update,
  UnaryExpression: update,
  Property: property,
  ObjectPattern: objectPattern
}
