/**
 * Which part of a graph a command is about: `--select '+critique+'`, `--from`, `--until`. A term names nodes, `*` stands
 * for any letters, a `+` before it adds all they need, one behind it all that needs them. Reading terms and walking the
 * graph is done here; that a selected node's inputs must be there is said by `unready`.
 */
import { SelectionInvalid, SelectionUnready } from "./Error.ts"
import type { Graph, Vertex } from "./Graph.ts"
import { didYouMean } from "./nearestName.ts"

/** Each a list of terms; what several of a list select is taken together, what the lists select must agree. */
export interface SelectionOptions {
  readonly select: ReadonlyArray<string>
  /** `X` stands for `X+`. */
  readonly from: ReadonlyArray<string>
  /** `X` stands for `+X`. */
  readonly until: ReadonlyArray<string>
}

/** Terms of a text, which commas and spaces separate; inside the brackets of a sweep's arm they separate nothing. */
export const termsOf = (text: string): ReadonlyArray<string> => {
  const terms: Array<string> = [""]
  let depth = 0
  for (const letter of text) {
    if (letter === "[") depth++
    if (letter === "]") depth--
    if (depth <= 0 && /[\s,]/.test(letter)) terms.push("")
    else terms.push(terms.pop()! + letter)
  }
  return terms.filter((term) => term !== "")
}

/** The label without the arm: `verifySft` of `verifySft[fraction=0.25]`. */
const withoutArm = (label: string): string => label.replace(/\[.*$/s, "")

/** A pattern as an expression: `*` is any letters. */
const matcher = (pattern: string): RegExp =>
  new RegExp(`^${pattern.split("*").map((part) => RegExp.escape(part)).join(".*")}$`, "s")

/** Every vertex reachable from these, these included. */
const reach = (from: ReadonlyArray<Vertex>, next: (vertex: Vertex) => ReadonlyArray<Vertex>): ReadonlySet<Vertex> => {
  const seen = new Set(from)
  // grows while it is walked
  for (const vertex of seen) for (const other of next(vertex)) seen.add(other)
  return seen
}

const readersOf = (graph: Graph): ReadonlyMap<Vertex, ReadonlyArray<Vertex>> => {
  const readers = new Map<Vertex, Array<Vertex>>()
  for (const vertex of graph.vertices) {
    for (const input of Object.values(vertex.inputs)) {
      const known = readers.get(input)
      if (known === undefined) readers.set(input, [vertex])
      else known.push(vertex)
    }
  }
  return readers
}

/** The vertices a name or a pattern names; a name without its arm means all arms. */
const named = (graph: Graph, flag: string, term: string, name: string): ReadonlyArray<Vertex> => {
  const pattern = matcher(name)
  const found = graph.vertices.filter(({ label }) => pattern.test(label) || pattern.test(withoutArm(label)))
  if (found.length > 0) return found
  const labels = graph.vertices.map(({ label }) => label)
  const names = [...new Set(labels.map(withoutArm))]
  throw new SelectionInvalid({
    flag,
    term,
    next: `${didYouMean(name, name.includes("[") ? labels : names)}nodes: ${names.join(", ")}`
  })
}

/** Vertices that the terms select together; undefined where there are none. */
const union = (graph: Graph, flag: string, texts: ReadonlyArray<string>): ReadonlySet<Vertex> | undefined => {
  if (texts.length === 0) return undefined
  const readers = readersOf(graph)
  const terms = texts.flatMap(termsOf)
  if (terms.length === 0) {
    throw new SelectionInvalid({ flag, term: texts.join(" "), next: "name a node, for example '+critique+'" })
  }
  return new Set(terms.flatMap((term) => {
    const above = flag === "until" || term.startsWith("+")
    const below = flag === "from" || term.endsWith("+")
    const vertices = named(graph, flag, term, term.replace(/^\+|\+$/g, ""))
    return [
      ...vertices,
      ...(above ? reach(vertices, (vertex) => Object.values(vertex.inputs)) : []),
      ...(below ? reach(vertices, (vertex) => readers.get(vertex) ?? []) : [])
    ]
  }))
}

/**
 * Indices of the selected vertices; undefined where nothing was asked for, which means all. Throws `SelectionInvalid`
 * with the nearest name where a term names nothing, or where no node is left.
 */
export const select = (graph: Graph, options: SelectionOptions): ReadonlySet<number> | undefined => {
  const lists = (["select", "from", "until"] as const).flatMap((flag) => {
    const vertices = union(graph, flag, options[flag])
    return vertices === undefined ? [] : [{ asked: `--${flag} ${options[flag].join(" ")}`, vertices }]
  })
  if (lists.length === 0) return undefined
  const chosen = graph.vertices.filter((vertex) => lists.every(({ vertices }) => vertices.has(vertex)))
  if (!chosen.some(({ definition }) => definition.kind !== "source")) {
    throw new SelectionInvalid({
      flag: undefined,
      term: lists.map(({ asked }) => asked).join(" "),
      next: "select nodes that lie on one way through the graph: `pipeline plan --all` lists them"
    })
  }
  return new Set(chosen.map(({ index }) => index))
}

/** What is known of a vertex before anything runs, as the plan has it. */
export interface Planned {
  readonly vertex: Vertex
  readonly state: "fresh" | "stale" | "waiting"
}

/**
 * Why the selected part cannot run as it is: a selected node reads one that is neither fresh nor
 * selected. Undefined where every selected node has its inputs, or will have them.
 */
export const unready = (
  planned: ReadonlyArray<Planned>,
  selected: ReadonlySet<number>
): SelectionUnready | undefined => {
  const states = new Map(planned.map(({ state, vertex }) => [vertex, state]))
  const lacking = planned.flatMap(({ vertex }) => {
    if (!selected.has(vertex.index)) return []
    return Object.values(vertex.inputs).flatMap((input) => {
      const known = states.get(input)
      return selected.has(input.index) || known === undefined || known === "fresh"
        ? []
        : [{ node: vertex.label, input: input.label, state: known }]
    })
  })
  const first = lacking[0]
  return first === undefined ? undefined : new SelectionUnready({ lacking, next: `--select '+${first.node}'` })
}
