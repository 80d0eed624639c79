/**
 * The literals in which nodes are defined, `Node.make({ … })` and its siblings: which of their properties are no part
 * of what a node does. Properties that cannot change a result, or whose value is in the key already, are cut; ports
 * that only name declarations are marked, and the linker leaves plain ones out.
 */
import type { ModuleNames } from "./ModuleNames.ts"
import type { Reference } from "../Summary.ts"
import type { Scope } from "./scopes.ts"
import { propertyKey, type Syntax, unwrapped } from "./Syntax.ts"
import type { TokenWriter } from "./TokenWriter.ts"

const definers = new Set(["make", "mapRows", "sql"])

/** `runtime/Node.ts`, from inside the package or by its name. */
const nodeModule = /(^|\/)Node(\.[jt]s)?$/

const inert = new Set("cost slot retry timeoutSeconds description given rows batch instant".split(" "))
const ports = new Set("input inputs side output".split(" "))

/** Whether calling this defines a node. */
export const isDefiner = (target: Reference | undefined): boolean =>
  target?.[0] === "import" && definers.has(target[2]) && nodeModule.test(target[1])

/** The literal of a definition, without what is no code of the node. */
export const writeDefinition = (writer: TokenWriter, literal: Syntax, scope: Scope | undefined): void => {
  writer.put("[")
  for (const property of literal.properties as ReadonlyArray<Syntax>) {
    const key = propertyKey(property) ?? ""
    if (inert.has(key)) continue
    const names = ports.has(key) ? portNames(property, writer.names, scope) : undefined
    if (names === undefined) writer.walk(property, scope)
    else writePorts(writer, key, names)
  }
  writer.put("]")
}

type PortNames = ReadonlyArray<readonly [port: string | undefined, reference: Reference]>

const writePorts = (writer: TokenWriter, key: string, names: PortNames): void => {
  writer.put("ports", JSON.stringify(key), "[")
  for (const [port, reference] of names) {
    writer.put(JSON.stringify(port ?? null), `P${writer.draft.index(reference, "port")}`)
  }
  writer.put("]")
}

/** The references in `input: Rollout` or `inputs: { rollouts: Rollout }`; `undefined` where anything else stands. */
const portNames = (property: Syntax, names: ModuleNames, scope: Scope | undefined): PortNames | undefined => {
  const value = unwrapped(property.value)
  const parts: ReadonlyArray<Syntax> = value.type === "ObjectExpression" ? value.properties : [property]
  const found = parts.flatMap((part) => {
    const port = part === property ? undefined : propertyKey(part)
    const reference = part.value == null ? undefined : names.referenceOf(unwrapped(part.value), scope)
    const isNamed = part === property || (port !== undefined && part.computed !== true)
    return reference === undefined || !isNamed ? [] : [[port, reference] as const]
  })
  return found.length === parts.length ? found : undefined
}
