/**
 * Forms of expressions: names, literals, members of namespaces, calls and what they bring in.
 */
import type { Reference } from "../Summary.ts"
import { isDefiner, writeDefinition } from "./definer.ts"
import { writeFunction } from "./declarationForms.ts"
import { fileOfUrl } from "./ModuleNames.ts"
import type { Scope } from "./scopes.ts"
import { isFunction, literalText, memberName, type Syntax, unwrapped } from "./Syntax.ts"
import type { Form, Forms, TokenWriter } from "./TokenWriter.ts"

const identifier: Form = (writer, node, scope) => {
  writer.draft.inspect(node, scope)
  writer.name(node.name, scope)
}

const literal: Form = (writer, node) => {
  if (node.regex != null) return writer.put(`/${JSON.stringify([node.regex.pattern, node.regex.flags])}`)
  if (node.bigint != null) return writer.put(`${node.bigint}n`)
  // In JSON `1e999` would be `null`.
  writer.put(typeof node.value === "number" ? `v${node.value}` : `v${JSON.stringify(node.value)}`)
}

const template: Form = (writer, node, scope) => {
  const text = literalText(node)
  if (text !== undefined) return writer.put(`v${JSON.stringify(text)}`)
  writer.put(node.type)
  writer.list(node.expressions, scope)
  writer.put(...node.quasis.map((part: Syntax) => JSON.stringify(part.value.cooked)))
}

/** A tag sees the raw text, where escapes count. */
const taggedTemplate: Form = (writer, node, scope) => {
  writer.put(node.type)
  writer.walk(node.tag, scope)
  writer.list(node.quasi.expressions, scope)
  writer.put(...node.quasi.quasis.map((part: Syntax) => JSON.stringify(part.value.raw.replaceAll("\r\n", "\n"))))
}

const metaProperty: Form = (writer, node) => writer.put(`${node.meta.name}.${node.property.name}`)

const member: Form = (writer, node, scope) => {
  const name = memberName(node)
  writer.draft.readsName ||= name === "name"
  writer.draft.inspect(node, scope)
  const reference = writer.names.namespaceMember(node, scope)
  if (reference !== undefined) return writer.reference(reference)
  writer.put(node.type, String(node.optional))
  writer.walk(node.object, scope)
  if (name === undefined) writer.walk(node.property, scope)
  else writer.put(JSON.stringify(name))
}

const importForm: Form = (writer, node, scope) => {
  writeModule(writer, node, node.source, "import()")
  writer.fields(node, scope)
}

/** A module that an expression or a bare `import` brings in whole. */
const writeModule = (writer: TokenWriter, node: Syntax, source: Syntax | undefined, how: string): void => {
  const specifier = literalText(source)
  if (specifier === undefined) return writer.draft.find("import", node, `${how} of a computed specifier`)
  writer.draft.inspectModule(node, specifier)
  writer.reference(["all", specifier])
}

const call: Form = (writer, node, scope) => {
  const callee = unwrapped(node.callee)
  writer.draft.call(node, callee, scope)
  writeLoaded(writer, node, callee, scope)
  writer.put(node.type, String(node.optional ?? false))
  if (isFunction(callee)) writeFunction(writer, callee, scope, true)
  else writer.walk(node.callee, scope)
  const target = writer.names.referenceOf(callee, scope)
  writer.put("[")
  for (const argument of node.arguments as ReadonlyArray<Syntax>) {
    const value = unwrapped(argument)
    if (isDefiner(target) && value.type === "ObjectExpression") writeDefinition(writer, value, scope)
    else if (isFunction(value)) writeFunction(writer, value, scope, !defers(target))
    else writer.walk(argument, scope)
  }
  writer.put("]")
}

/** Functions of effect keep what they are given until the program runs; others may call it while the module loads. */
const defers = (target: Reference | undefined): boolean =>
  target?.[0] === "import" && /^effect\/(Effect|Layer|Stream)$/.test(target[1]) && !target[2].startsWith("run")

/** Modules and files that a call brings in: `require("./a")`, `new URL("./worker.ts", import.meta.url)`. */
const writeLoaded = (writer: TokenWriter, node: Syntax, callee: Syntax, scope: Scope | undefined): void => {
  if (node.type === "NewExpression") {
    const file = writer.names.isGlobal(callee, "URL", scope) ? fileOfUrl(node) : undefined
    if (file !== undefined) writer.reference(["file", file])
  } else if (writer.names.isRequire(node, scope)) {
    writeModule(writer, node, node.arguments[0], "require()")
  }
}

export const expressionForms: Forms = {
  Identifier: identifier,
  Literal: literal,
  TemplateLiteral: template,
  TaggedTemplateExpression: taggedTemplate,
  MetaProperty: metaProperty,
  MemberExpression: member,
  ImportDeclaration: importForm,
  ImportExpression: importForm,
  CallExpression: call,
  NewExpression: call
}
