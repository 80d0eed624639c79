/**
 * The normal form of a unit, hashed: the syntax as a list of tokens in which locals are numbers, uses of module
 * bindings and imports are indices into the unit's references, and types, comments, quotes, braces round one statement
 * and the like are gone. Two texts with one normal form run alike. On the way, `UnitDraft` takes note of writes, calls
 * and impurities.
 */
import { hash } from "node:crypto"
import type { Unit } from "../Summary.ts"
import { declarationForms } from "./declarationForms.ts"
import { expressionForms } from "./expressionForms.ts"
import type { ModuleNames } from "./ModuleNames.ts"
import { isPlainValue } from "./plainValue.ts"
import { statementForms } from "./statementForms.ts"
import type { Syntax } from "./Syntax.ts"
import { TokenWriter } from "./TokenWriter.ts"
import { type SourceText, UnitDraft } from "./UnitDraft.ts"

/** A top-level declaration or statement, before it is walked. */
export interface Declared {
  readonly node: Syntax
  readonly binds: ReadonlyArray<string>
  readonly statement: boolean
  /** `using` and `await using` dispose of their value, `const` does not. */
  readonly disposed: boolean
}

const forms = { ...declarationForms, ...statementForms, ...expressionForms }

/** 160 bits: short in the summary cache, still free of collisions. */
const shortHash = (text: string): string => hash("sha256", text).slice(0, 40)

export const normalForm = (declared: Declared, source: SourceText, names: ModuleNames): Unit => {
  const { binds, disposed, node, statement } = declared
  const draft = new UnitDraft(source, names)
  const writer = new TokenWriter(node, draft, names, forms)
  if (disposed) writer.put("using")
  writer.walk(node, undefined)
  const plain = node.type === "VariableDeclarator" && node.id.type === "Identifier" && isPlainValue(node.init, names)
  return draft.finish(node, { binds, statement, plain, hash: shortHash(writer.tokens.join("\x1f")) })
}
