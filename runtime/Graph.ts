/**
 * The graph of one opened experiment: refs become vertices, equal refs become one vertex, in topological order. Two refs
 * are equal when they apply the same definition with the same parameters to equal inputs; this is how the arms of a
 * sweep share what their axes do not touch. Nothing is read or run here.
 */
import { canonicalJson } from "../cache/Digest.ts"
import { placeOfSite } from "./code/definitionPlace.ts"
import { type Definition, portsOf } from "./Definition.ts"
import { ExperimentInvalid, PlanRefused } from "./Error.ts"
import type { Opened, Point } from "./Experiment.ts"
import { Parameters } from "./Parameters.ts"
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
  /** Drafts by port, ports in the order of their names. */
  readonly inputs: ReadonlyArray<readonly [port: string, draft: number]>
  readonly arms: Set<Point>
}

/** A ref whose inputs are being visited. */
interface Visit {
  readonly ref: AnyRef
  readonly inputs: ReadonlyArray<readonly [port: string, ref: AnyRef]>
  readonly found: Array<readonly [port: string, draft: number]>
}

/** Stands for the targets that collect all arms. */
const noArm: Point = {}

/** Collects refs, each once, inputs before those that read them. Walks without recursion: no chain is too long. */
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

  /** The draft of a ref, reached from a target of an arm. */
  of(target: AnyRef, arm: Point): number {
    const path: Array<Visit> = []
    const onPath = new Set<AnyRef>()
    let done = this.#visited(target, arm)
    if (done !== undefined) return done
    this.#enter(target, path, onPath)
    for (;;) {
      const visit = path.at(-1)!
      const next = visit.inputs[visit.found.length]
      if (next === undefined) {
        path.pop()
        onPath.delete(visit.ref)
        done = this.#settle(visit, arm)
        const above = path.at(-1)
        if (above === undefined) return done
        above.found.push([above.inputs[above.found.length]![0], done])
        continue
      }
      const known = this.#visited(next[1], arm)
      if (known === undefined) this.#enter(next[1], path, onPath)
      else visit.found.push([next[0], known])
    }
  }

  /** The draft of a ref that this arm has reached before, and with it all that lies above. */
  #visited(ref: AnyRef, arm: Point): number | undefined {
    const known = this.#byRef.get(ref)
    return known !== undefined && this.all[known]!.arms.has(arm) ? known : undefined
  }

  #enter(ref: AnyRef, path: Array<Visit>, onPath: Set<AnyRef>): void {
    if (onPath.has(ref)) {
      const from = path.findIndex((visit) => visit.ref === ref)
      throw new PlanRefused({
        label: ref.label,
        reason: `it needs its own result: ${
          [...path.slice(from).map((visit) => visit.ref.label), ref.label].join(" reads ")
        }`,
        next: "connect nodes to results that do not need them; inputs are not changed after a node is connected"
      })
    }
    onPath.add(ref)
    path.push({ ref, inputs: this.#inputsOf(ref), found: [] })
  }

  /** Its inputs in the order of the ports' names. Throws where they are not what the definition asks for. */
  #inputsOf(ref: AnyRef): Visit["inputs"] {
    const inputs = Object.entries(ref.inputs).sort(([a], [b]) => (a < b ? -1 : 1))
    const { ports } = this.#definition(ref.definition)
    const invalid = (reason: string, next: string) =>
      new ExperimentInvalid({ experiment: this.#experiment, reason, next })
    if (inputs.length !== ports.length || inputs.some(([port], index) => port !== ports[index])) {
      throw invalid(
        `${ref.label} was given the inputs (${inputs.map(([port]) => port).join(", ")})`,
        `it wants (${ports.join(", ")})`
      )
    }
    const wrong = inputs.find(([, input]) => (input as Partial<AnyRef> | undefined)?.definition === undefined)
    if (wrong !== undefined) {
      throw invalid(
        `input ${wrong[0]} of ${ref.label} is no connected node`,
        "give it what calling a node returns: node(inputs, params)"
      )
    }
    return inputs
  }

  #definition(definition: Definition) {
    const known = this.#definitions.get(definition)
    if (known !== undefined) return known
    const made = { number: this.#definitions.size, ports: Object.keys(portsOf(definition)).sort() }
    this.#definitions.set(definition, made)
    return made
  }

  /** The draft of a ref whose inputs have theirs. */
  #settle({ found, ref }: Visit, arm: Point): number {
    const seen = this.#byRef.get(ref)
    if (seen !== undefined) {
      this.all[seen]!.arms.add(arm)
      return seen
    }
    const { canonical, ...params } = this.#parameters.of(ref)
    const identity = ref.definition.kind === "source"
      ? `source ${ref.definition.address}`
      : `${this.#definition(ref.definition).number} ${found.map(([, draft]) => draft).join()} ${canonical}`
    const known = this.#byIdentity.get(identity)
    const index = known ?? this.all.push({ ref, ...params, inputs: found, arms: new Set() }) - 1
    this.all[index]!.arms.add(arm)
    this.#byRef.set(ref, index)
    this.#byIdentity.set(identity, index)
    return index
  }
}

const placeOf = (definition: Definition): string =>
  definition.kind === "source" ? "" : placeOfSite(definition.site)

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
      Object.entries(targets).map(([name, ref]) => ({ name: name + spell(point), index: drafts.of(ref, point) }))
    ),
    ...Object.entries(opened.collected).map(([name, ref]) => ({ name, index: drafts.of(ref, noArm) }))
  ]

  const vertices: Array<Vertex> = []
  const labels = new Map<string, Definition>()
  for (const [index, draft] of drafts.all.entries()) {
    const { definition } = draft.ref
    const arms = [...draft.arms].filter((arm) => arm !== noArm)
    const label = draft.ref.label + (arms.length === 0 ? "" : spell(distinguishing(arms, points)))
    const other = labels.get(label)
    if (other !== undefined) throw duplicate(label, other, definition)
    labels.set(label, definition)
    const inputs: { [port: string]: Vertex } = {}
    for (const [port, input] of draft.inputs) inputs[port] = vertices[input]!
    const { encodedParams, params, seed } = draft
    vertices.push({ index, label, definition, params, encodedParams, seed, inputs })
  }
  return { vertices, targets: roots.map(({ index, name }) => ({ name, vertex: vertices[index]! })) }
}
