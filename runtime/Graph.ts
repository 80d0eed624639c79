/**
 * The graph of one opened experiment: refs become vertices, equal refs become one vertex, in topological order. Two refs
 * are equal when they apply the same definition with the same parameters to equal inputs; this is how the arms of a
 * sweep share what their axes do not touch. Nothing is read or run here.
 */
import * as Schema from "effect/Schema"
import { canonicalJson } from "../cache/Digest.ts"
import type { Definition } from "./Definition.ts"
import type { AnyRef } from "./Ref.ts"
import { portsOf } from "./Definition.ts"
import { ExperimentInvalid, PlanRefused } from "./Error.ts"
import type { Opened, Point } from "./Experiment.ts"

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
  readonly inputs: { readonly [port: string]: number }
  readonly arms: Set<Point>
}

const decodeParams = (experiment: string, ref: AnyRef) => {
  const { definition } = ref
  if (definition.kind === "source") return { params: {}, encodedParams: {}, seed: undefined }
  try {
    const made = definition.paramSchema.make(ref.params as {})
    const encoded = Schema.encodeUnknownSync(definition.paramSchema)(made)
    if (!definition.seeded) return { params: made, encodedParams: encoded, seed: undefined }
    const { seed, ...params } = made
    const { seed: _, ...encodedParams } = encoded
    return { params, encodedParams, seed }
  } catch (error) {
    throw new ExperimentInvalid({
      experiment,
      reason: `${ref.label} does not accept its parameters: ${
        String((error as Error).message).split("\n").slice(0, 2).join(" ")
      }`,
      next: "compare the call with the node's `params`"
    })
  }
}

/** Builds the graph. Throws `ExperimentInvalid` for parameters a node refuses, `PlanRefused` for two nodes of one name. */
export const build = (experiment: string, opened: Opened): Graph => {
  const drafts: Array<Draft> = []
  const byRef = new Map<AnyRef, number>()
  const byIdentity = new Map<string, number>()
  const definitions = new Map<Definition, number>()
  const none: Point = {}

  const visit = (ref: AnyRef, arm: Point): number => {
    const inputs = Object.fromEntries(
      Object.entries(ref.inputs).sort(([a], [b]) => (a < b ? -1 : 1)).map(([port, input]) => [port, visit(input, arm)])
    )
    const seen = byRef.get(ref)
    if (seen !== undefined) {
      drafts[seen]!.arms.add(arm)
      return seen
    }
    const expected = Object.keys(portsOf(ref.definition)).sort().join(", ")
    if (Object.keys(inputs).join(", ") !== expected) {
      throw new ExperimentInvalid({
        experiment,
        reason: `${ref.label} was given the inputs (${Object.keys(inputs).join(", ")})`,
        next: `it wants (${expected})`
      })
    }
    if (!definitions.has(ref.definition)) definitions.set(ref.definition, definitions.size)
    const decoded = decodeParams(experiment, ref)
    const identity = ref.definition.kind === "source"
      ? `source ${ref.definition.address}`
      : canonicalJson([definitions.get(ref.definition), decoded.encodedParams, decoded.seed ?? null, inputs])
    const known = byIdentity.get(identity)
    if (known !== undefined) {
      drafts[known]!.arms.add(arm)
      byRef.set(ref, known)
      return known
    }
    const index = drafts.push({ ref, ...decoded, inputs, arms: new Set([arm]) }) - 1
    byRef.set(ref, index)
    byIdentity.set(identity, index)
    return index
  }

  const points = opened.arms.map((arm) => arm.point)
  const roots = [
    ...opened.arms.flatMap(({ point, targets }) =>
      Object.entries(targets).map(([name, ref]) => ({ name: name + spell(point), index: visit(ref, point) }))
    ),
    ...Object.entries(opened.collected).map(([name, ref]) => ({ name, index: visit(ref, none) }))
  ]

  const vertices: Array<Vertex> = []
  const labels = new Map<string, number>()
  for (const [index, draft] of drafts.entries()) {
    const arms = [...draft.arms].filter((arm) => arm !== none)
    const label = draft.ref.label + (arms.length === 0 ? "" : spell(distinguishing(arms, points)))
    if (labels.has(label)) {
      throw new PlanRefused({
        label,
        reason: "two different nodes of this graph have this name",
        next: "name one of them where it is connected: node.as(\"another name\")(inputs, params)"
      })
    }
    labels.set(label, index)
    vertices.push({
      index,
      label,
      definition: draft.ref.definition,
      params: draft.params,
      encodedParams: draft.encodedParams,
      seed: draft.seed,
      inputs: Object.fromEntries(Object.entries(draft.inputs).map(([port, input]) => [port, vertices[input]!]))
    })
  }
  return { vertices, targets: roots.map(({ index, name }) => ({ name, vertex: vertices[index]! })) }
}
