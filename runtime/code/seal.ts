/**
 * Digests of units that cover all they reach: a Merkle hash over the strongly connected components of the graph of
 * units, by Tarjan's algorithm with a stack of its own, so that no chain of helpers is too long. Inside a component
 * each member is hashed as the walk that starts from it, its targets numbered in order of first reference: canonical
 * without names, and nothing to sort.
 */
import { hash } from "node:crypto"
import type { Edge } from "./Program.ts"
import type { Unit } from "./Summary.ts"

/** What is known of a unit and everything below it. */
export interface Seal {
  /** Blind to the names of functions and classes. */
  readonly plain: string
  /** Covers those names too: for roots that reach a reader of `.name`. */
  readonly named: string
  readonly readsName: boolean
  /** Something in it is refused, allowed by a comment, or calls `eval`. */
  readonly troubled: boolean
}

/** A unit on the stack of the search. `low` is the lowest index it is known to reach. */
interface Visit {
  readonly unit: Unit
  readonly index: number
  readonly edges: ReadonlyArray<Edge>
  low: number
  next: number
}

/** Seals units on demand, each once. */
export const makeSeal = (edges: (unit: Unit) => ReadonlyArray<Edge>): (unit: Unit) => Seal => {
  const seals = new Map<Unit, Seal>()
  return (root) => {
    if (!seals.has(root)) sealBelow(root, edges, seals)
    return seals.get(root)!
  }
}

const sealBelow = (root: Unit, edges: (unit: Unit) => ReadonlyArray<Edge>, seals: Map<Unit, Seal>): void => {
  const visits = new Map<Unit, Visit>()
  const component: Array<Visit> = []
  const path: Array<Visit> = []
  const enter = (unit: Unit): void => {
    const visit: Visit = { unit, index: visits.size, edges: edges(unit), low: visits.size, next: 0 }
    visits.set(unit, visit)
    component.push(visit)
    path.push(visit)
  }
  enter(root)
  while (path.length > 0) {
    const visit = path.at(-1)!
    const edge = visit.edges[visit.next++]
    if (edge === undefined) {
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) parent.low = Math.min(parent.low, visit.low)
      if (visit.low === visit.index) sealComponent(component.splice(component.lastIndexOf(visit)), seals)
    } else if (edge.kind === "unit" && !seals.has(edge.unit)) {
      const met = visits.get(edge.unit)
      if (met === undefined) enter(edge.unit)
      else visit.low = Math.min(visit.low, met.index)
    }
  }
}

const sealComponent = (members: ReadonlyArray<Visit>, seals: Map<Unit, Seal>): void => {
  const inside = new Map(members.map((member) => [member.unit, member]))
  const below = members.flatMap((member) =>
    member.edges.flatMap((edge) => edge.kind === "unit" ? seals.get(edge.unit) ?? [] : [])
  )
  const readsName = members.some((member) => member.unit.readsName) || below.some((seal) => seal.readsName)
  const troubled = members.some(({ unit }) => unit.evaluates || unit.findings.length > 0) ||
    below.some((seal) => seal.troubled)
  const sealed = members.map((member) => ({ ...walkFrom(member, inside, seals), readsName, troubled }))
  for (const [index, member] of members.entries()) seals.set(member.unit, sealed[index]!)
}

/** The component as seen from one member. */
const walkFrom = (start: Visit, inside: ReadonlyMap<Unit, Visit>, seals: ReadonlyMap<Unit, Seal>) => {
  const numbers = new Map([[start.unit, 0]])
  const plain: Array<string> = []
  const named: Array<string> = []
  // Grows while it is walked.
  for (const unit of numbers.keys()) {
    plain.push(unit.hash)
    named.push(unit.hash, String(unit.names.length), ...unit.names)
    for (const edge of inside.get(unit)!.edges) {
      if (edge.kind !== "unit") {
        const text = edge.kind === "mark" ? edge.text : `outside ${edge.identity}`
        plain.push(text)
        named.push(text)
        continue
      }
      const seal = seals.get(edge.unit)
      if (seal === undefined && !numbers.has(edge.unit)) numbers.set(edge.unit, numbers.size)
      const number = numbers.get(edge.unit)
      plain.push(`${seal?.plain ?? number}.${edge.binding}`)
      named.push(`${seal?.named ?? number}.${edge.binding}`)
    }
  }
  return { plain: hash("sha256", plain.join("\n")), named: hash("sha256", named.join("\n")) }
}
