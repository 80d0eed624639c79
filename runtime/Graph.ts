/**
 * The graph of one opened experiment: refs become vertices, equal refs become one vertex, in topological order. Two refs
 * are equal when they apply the same definition with the same parameters to equal inputs; this is how the arms of a
 * sweep share what their axes do not touch. Nothing is read or run here.
 */
import { tableSchema } from "../cache/Columns.ts"
import { canonicalJson } from "../cache/Digest.ts"
import { placeOfSite } from "./code/definitionPlace.ts"
import { type AnyTable, type Definition, portsOf } from "./Definition.ts"
import { ExperimentInvalid, PlanRefused } from "./Error.ts"
import type { Opened, Point } from "./Experiment.ts"
import { Parameters } from "./Parameters.ts"
import type { Targets } from "./Pipeline.ts"
import { reasonOf } from "./reasonOf.ts"
import type { AnyRef } from "./Ref.ts"

export interface Vertex {
  readonly index: number
  /** Unique in the graph; sweep arms carry their point: `verifySft[fraction=0.25]`. */
  readonly label: string
  readonly definition: Definition
  /** After defaults, decoded; without the seed. */
  readonly params: any
  readonly encodedParams: unknown
  readonly seed: number | undefined
  readonly inputs: { readonly [port: string]: Vertex }
}

export interface Graph {
  /** Inputs before those that read them. */
  readonly vertices: ReadonlyArray<Vertex>
  /** Named results: target name to vertex, arm points spelt out. */
  readonly targets: ReadonlyArray<{ readonly name: string; readonly vertex: Vertex }>
}

const spell = (point: Point): string => {
  const text = Object.entries(point).map(([axis, value]) =>
    `${axis}=${typeof value === "object" ? canonicalJson(value) : value}`
  )
  return text.length === 0 ? "" : `[${text.join(",")}]`
}

/** The axes on which all arms that contain a vertex agree while others differ: what names the vertex among its siblings. */
const distinguishing = (arms: ReadonlyArray<Point>, all: ReadonlyArray<Point>): Point =>
  arms.length === all.length
    ? {}
    : Object.fromEntries(Object.entries(arms[0]!).filter(([axis, value]) => arms.every((arm) => arm[axis] === value)))

interface Draft {
  readonly ref: AnyRef
  readonly params: any
  readonly encodedParams: unknown
  readonly seed: number | undefined
  /** Drafts of the inputs, in the order of the ports' names. */
  readonly inputs: ReadonlyArray<number>
  /** Every arm it was reached from, in their order. */
  readonly arms: Array<Point>
}

/** A ref whose inputs are being visited, and the drafts of those that have been. */
interface Visit {
  readonly ref: AnyRef
  readonly ports: ReadonlyArray<string>
  readonly found: Array<number>
}

/** Stands for the targets that collect all arms. */
const noArm: Point = {}

/** Collects refs, equal ones once, inputs before those that read them. Walks without recursion: no chain is too long. */
class Drafts {
  readonly all: Array<Draft> = []
  readonly #experiment: string
  readonly #parameters: Parameters
  readonly #byRef = new Map<AnyRef, number>()
  readonly #byIdentity = new Map<string, number>()
  readonly #definitions = new Map<Definition, { readonly number: number; readonly ports: ReadonlyArray<string> }>()

  constructor(experiment: string) {
    this.#experiment = experiment
    this.#parameters = new Parameters(experiment)
  }

  /** The draft of a ref, reached from a target of an arm. One arm is walked after the other. */
  of(target: AnyRef, arm: Point): number {
    const path: Array<Visit> = []
    const onPath = new Set<AnyRef>()
    const done = this.#visited(target, arm)
    if (done !== undefined) return done
    this.#enter(target, path, onPath)
    for (;;) {
      const visit = path.at(-1)!
      const port = visit.ports[visit.found.length]
      if (port !== undefined) {
        const input = visit.ref.inputs[port]!
        const known = this.#visited(input, arm)
        if (known === undefined) this.#enter(input, path, onPath)
        else visit.found.push(known)
        continue
      }
      path.pop()
      onPath.delete(visit.ref)
      const draft = this.#settle(visit, arm)
      const reader = path.at(-1)
      if (reader === undefined) return draft
      reader.found.push(draft)
    }
  }

  /** The draft of a ref that this arm has reached before, and with it all that it needs. */
  #visited(ref: AnyRef, arm: Point): number | undefined {
    const known = this.#byRef.get(ref)
    return known !== undefined && this.all[known]!.arms.at(-1) === arm ? known : undefined
  }

  #enter(ref: AnyRef, path: Array<Visit>, onPath: Set<AnyRef>): void {
    if (onPath.has(ref)) {
      const circle = path.slice(path.findIndex((visit) => visit.ref === ref)).map((visit) => visit.ref.label)
      throw new PlanRefused({
        label: ref.label,
        reason: `it needs its own result: ${[...circle, ref.label].join(" reads ")}`,
        next: "connect nodes to results that do not need them, and leave inputs alone once a node is connected"
      })
    }
    onPath.add(ref)
    path.push({ ref, ports: this.#portsOf(ref), found: [] })
  }

  /** The ports of a ref in the order of their names. Throws where its inputs are not what the definition asks for. */
  #portsOf(ref: AnyRef): ReadonlyArray<string> {
    const { ports } = this.#definition(ref.definition)
    const given = Object.keys(ref.inputs)
    const invalid = (reason: string, next: string) =>
      new ExperimentInvalid({ experiment: this.#experiment, reason, next })
    if (given.length !== ports.length || !ports.every((port) => port in ref.inputs)) {
      throw invalid(`${ref.label} was given the inputs (${given.sort().join(", ")})`, `it wants (${ports.join(", ")})`)
    }
    const wrong = ports.find((port) => (ref.inputs[port] as AnyRef | undefined)?.definition === undefined)
    if (wrong !== undefined) {
      throw invalid(
        `input ${wrong} of ${ref.label} is no connected node`,
        "give it what calling a node returns: node(inputs, params)"
      )
    }
    return ports
  }

  #definition(definition: Definition) {
    const known = this.#definitions.get(definition)
    if (known !== undefined) return known
    checkTable(definition)
    const made = { number: this.#definitions.size, ports: Object.keys(portsOf(definition)).sort() }
    this.#definitions.set(definition, made)
    return made
  }

  /** The draft of a ref whose inputs have theirs. */
  #settle({ found, ref }: Visit, arm: Point): number {
    const index = this.#byRef.get(ref) ?? this.#draftOf(ref, found)
    const { arms } = this.all[index]!
    if (arms.at(-1) !== arm) arms.push(arm)
    this.#byRef.set(ref, index)
    return index
  }

  /** The draft of an equal ref, or a new one. */
  #draftOf(ref: AnyRef, inputs: ReadonlyArray<number>): number {
    const { canonical, encodedParams, params, seed } = this.#parameters.of(ref)
    const identity = ref.definition.kind === "source"
      ? `source ${ref.definition.address}`
      : `${this.#definition(ref.definition).number} ${inputs.join()} ${canonical}`
    const known = this.#byIdentity.get(identity)
    if (known !== undefined) return known
    const index = this.all.push({ ref, params, encodedParams, seed, inputs, arms: [] }) - 1
    this.#byIdentity.set(identity, index)
    return index
  }

  /** The vertices, inputs first. Throws where two have one label. */
  vertices(arms: ReadonlyArray<Point>): ReadonlyArray<Vertex> {
    const vertices: Array<Vertex> = []
    const labels = new Map<string, Definition>()
    for (const [index, draft] of this.all.entries()) {
      const { encodedParams, params, ref: { definition, label: name }, seed } = draft
      const label = arms.length < 2 ? name : name + armOf(draft, arms)
      const other = labels.get(label)
      if (other !== undefined) throw duplicate(label, other, definition)
      labels.set(label, definition)
      const inputs: { [port: string]: Vertex } = {}
      const { ports } = this.#definition(definition)
      for (const [at, input] of draft.inputs.entries()) inputs[ports[at]!] = vertices[input]!
      vertices.push({ index, label, definition, params, encodedParams, seed, inputs })
    }
    return vertices
  }
}

/** Refuses a node whose table cannot be stored before anything runs. */
const checkTable = (definition: Definition): void => {
  if (definition.output.kind !== "table") return
  try {
    tableSchema((definition.output as AnyTable).columns)
  } catch (error) {
    throw new PlanRefused({
      label: `${definition.name}${placeOf(definition)}`,
      reason: `its table ${definition.output.name} cannot be stored: ${reasonOf(error)}`,
      next: "give the column a schema whose encoded side is one of these"
    })
  }
}

/** The targets of an arm. Throws where a pipeline's `build` has returned something else. */
const targetsIn = (experiment: string, targets: Targets): ReadonlyArray<readonly [name: string, ref: AnyRef]> => {
  const found = typeof targets === "object" && targets !== null ? Object.entries(targets) : []
  const odd = found.find(([, ref]) => (ref as AnyRef | undefined)?.definition === undefined)
  if (found.length > 0 && odd === undefined) return found
  throw new ExperimentInvalid({
    experiment,
    reason: odd === undefined
      ? "its pipeline's `build` returns nothing to run"
      : `its pipeline's \`build\` returns ${odd[0]}, which is no connected node`,
    next: "return an object of what calling nodes returns: { name: node(inputs, params) }"
  })
}

/** What tells a vertex of a sweep from its siblings. */
const armOf = (draft: Draft, all: ReadonlyArray<Point>): string => {
  const arms = draft.arms.filter((arm) => arm !== noArm)
  return arms.length === 0 ? "" : spell(distinguishing(arms, all))
}

const placeOf = (definition: Definition): string => definition.kind === "source" ? "" : placeOfSite(definition.site)

/** Why two vertices have one name, and where their definitions stand. */
const duplicate = (label: string, first: Definition, second: Definition): PlanRefused =>
  new PlanRefused({
    label,
    reason: "two different nodes of this graph have this name: " + (first === second
      ? `its definition${placeOf(first)} is connected twice, with other inputs or parameters`
      : `they are defined apart${placeOf(first)}${placeOf(second)}`),
    next: "name one of them where it is connected: node.as(\"another name\")(inputs, params)"
  })

/**
 * Builds the graph. Throws `ExperimentInvalid` for parameters a node refuses and for wrong inputs, `PlanRefused` for two
 * nodes of one name and for a node that needs itself.
 */
export const build = (experiment: string, opened: Opened): Graph => {
  const drafts = new Drafts(experiment)
  const points = opened.arms.map((arm) => arm.point)
  const roots = [
    ...opened.arms.flatMap(({ point, targets }) =>
      targetsIn(experiment, targets).map(([name, ref]) => ({ name: name + spell(point), index: drafts.of(ref, point) }))
    ),
    ...Object.entries(opened.collected).map(([name, ref]) => ({ name, index: drafts.of(ref, noArm) }))
  ]

  const vertices = drafts.vertices(points)
  return { vertices, targets: roots.map(({ index, name }) => ({ name, vertex: vertices[index]! })) }
}
