/**
 * Forms of statements: their scopes, the braces that are formatting, labels as distances.
 */
import { blockNames, hoistedNames, patternNames } from "./scopes.ts"
import { type Syntax, unwrapped, withoutBraces } from "./Syntax.ts"
import type { Form, Forms } from "./TokenWriter.ts"

const block: Form = (writer, node, scope) => {
  writer.put(node.type)
  const hoisted = node.type === "StaticBlock" ? hoistedNames(node.body) : []
  writer.list(node.body, writer.scope([...hoisted, ...blockNames(node.body)], scope))
}

const switchForm: Form = (writer, node, scope) => {
  writer.put(node.type)
  writer.walk(node.discriminant, scope)
  const statements: ReadonlyArray<Syntax> = node.cases.flatMap((one: Syntax) => one.consequent)
  writer.list(node.cases, writer.scope(blockNames(statements), scope))
}

const loop: Form = (writer, node, scope) => {
  const head: Syntax | null = node.init ?? node.left ?? null
  const declares = head?.type === "VariableDeclaration"
  if (node.left != null && !declares) writer.draft.write(node.left, scope)
  const inner = declares ? writer.scope(blockNames([head]), scope) : scope
  writer.fields({ ...node, body: withoutBraces(node.body) }, inner)
}

const braced: Form = (writer, node, scope) => {
  const bodies = ["body", "consequent", "alternate"].filter((field) => field in node)
  const bare = Object.fromEntries(bodies.map((field) => [field, withoutBraces(node[field])]))
  writer.fields({ ...node, ...bare }, scope)
}

const catchClause: Form = (writer, node, scope) => {
  const inner = writer.scope(patternNames(node.param), scope)
  writer.put(node.type)
  writer.walk(node.param, inner)
  writer.walk(node.body, inner)
}

const labeled: Form = (writer, node, scope) => {
  writer.labels.push(node.label.name)
  writer.put(node.type)
  writer.walk(withoutBraces(node.body), scope)
  writer.labels.pop()
}

/** A label is how many labelled statements the jump leaves. */
const jump: Form = (writer, node) => {
  const { labels } = writer
  writer.put(node.type, node.label == null ? "-" : String(labels.length - labels.lastIndexOf(node.label.name)))
}

const expressionStatement: Form = (writer, node, scope) => {
  const call = unwrapped(node.expression)
  if (call.type === "CallExpression") writer.draft.standaloneCall(unwrapped(call.callee), scope)
  writer.fields(node, scope)
}

export const statementForms: Forms = {
  BlockStatement: block,
  StaticBlock: block,
  SwitchStatement: switchForm,
  ForStatement: loop,
  ForInStatement: loop,
  ForOfStatement: loop,
  WhileStatement: braced,
  DoWhileStatement: braced,
  IfStatement: braced,
  CatchClause: catchClause,
  LabeledStatement: labeled,
  BreakStatement: jump,
  ContinueStatement: jump,
  ExpressionStatement: expressionStatement
}
