/**
 * The digest of one declaration, and on demand what it covers: the parts that `why` compares, and the findings for
 * which a plan refuses the node. Needs a linked program; how digests are asked for is `CodeDigests.ts`.
 */
import { hash } from "node:crypto"
import { relative, sep } from "node:path"
import { remedies } from "./form/impurity.ts"
import type { Edge, Outside, Program, Target } from "./Program.ts"
import { Reach } from "./Reach.ts"
import { makeSeal } from "./seal.ts"
import type { Finding, Unit } from "./Summary.ts"

/** One declaration, statement or data file that a digest covers. */
export interface Part {
  /** `file:line`, the file relative to the root, with `/` between folders. */
  readonly at: string
  /** The names it binds; `statement` or `data` for what binds none. */
  readonly name: string
  readonly hash: string
}

/** A digest, and what it covers. All but `digest` is worked out when it is first read. */
export interface CodeDigest {
  readonly digest: string
  /** Everything reached in the project, nearest first: two lists of it tell which edit changed a digest. */
  readonly parts: ReadonlyArray<Part>
  /** Everything reached outside: packages with versions, built-ins, the engine. Sorted. */
  readonly outside: ReadonlyArray<string>
  /** Why the node must not run: one sentence each, with its place. Empty for a sound node. */
  readonly refused: ReadonlyArray<string>
  /** What comments allow, and what makes a digest coarser than it could be. */
  readonly warnings: ReadonlyArray<string>
}

/** Names the rules by which digests are made. Change it when the normal form, or what counts as reached, changes. */
const digestEpoch = "code 1"

/** The digest of something that is not there: it stands for nothing and must not run. */
export const refusedDigest = (reason: string): CodeDigest => ({
  digest: hash("sha256", `${digestEpoch}\nrefused`),
  parts: [],
  outside: [],
  refused: [reason],
  warnings: []
})

/** A file as messages name it. */
export const placeOf = (root: string, file: string): string => relative(root, file).replaceAll(sep, "/")

/** Digests of declarations of one program. `root`: the folder that places are relative to. */
export const makeDigestOf = (program: Program, root: string): (target: Target | Outside) => CodeDigest => {
  const reach = new Reach(program)
  const seal = makeSeal((unit) => reach.edges(unit))
  return (target) => {
    const units = [...(target.kind === "unit" ? [target.unit] : []), ...reach.ambient]
    const seals = units.map(seal)
    const named = seals.some((one) => one.readsName)
    const identity = target.kind === "unit" ? String(target.binding) : target.identity
    const covered = [digestEpoch, identity, ...seals.map((one) => named ? one.named : one.plain)]
    const troubled = seals.some((one) => one.troubled)
    return new Explained(
      hash("sha256", covered.join("\n")),
      troubled,
      () => gather(units, target, reach),
      program,
      root
    )
  }
}

/** Everything reached, nearest first. */
interface Reached {
  readonly units: ReadonlySet<Unit>
  readonly outside: ReadonlyArray<Outside>
}

const gather = (roots: ReadonlyArray<Unit>, target: Edge, reach: Reach): Reached => {
  const units = new Set(roots)
  const outside = new Map<string, Outside>()
  const add = (edge: Edge): void => {
    if (edge.kind === "unit") units.add(edge.unit)
    if (edge.kind === "outside") outside.set(`${edge.file} ${edge.identity}`, edge)
  }
  add(target)
  // Grows while it is walked.
  for (const unit of units) for (const edge of reach.edges(unit)) add(edge)
  return { units, outside: [...outside.values()] }
}

class Explained implements CodeDigest {
  readonly digest: string
  readonly #troubled: boolean
  readonly #gather: () => Reached
  readonly #program: Program
  readonly #root: string
  #reached: Reached | undefined

  constructor(digest: string, troubled: boolean, gather: () => Reached, program: Program, root: string) {
    this.digest = digest
    this.#troubled = troubled
    this.#gather = gather
    this.#program = program
    this.#root = root
  }

  get #all(): Reached {
    return this.#reached ??= this.#gather()
  }

  get parts(): ReadonlyArray<Part> {
    const data = this.#all.outside.filter((one) => one.file !== undefined)
    return [
      ...[...this.#all.units].map((unit) => ({
        at: this.#at(unit, unit.line),
        name: unit.binds.join(", ") || "statement",
        hash: unit.hash
      })),
      ...data.map((one) => ({ at: `${placeOf(this.#root, one.file!)}:1`, name: "data", hash: one.identity }))
    ]
  }

  get outside(): ReadonlyArray<string> {
    return this.#all.outside.filter((one) => one.file === undefined).map((one) => one.identity).sort()
  }

  get refused(): ReadonlyArray<string> {
    return this.#findings((finding) => !finding.allowed).map(({ at, finding }) =>
      `${at}: ${finding.what} is not allowed in a node: ${remedies[finding.kind]}` +
      (finding.kind === "syntax" ? "" : `, or mark the line \`// pipeline: allow ${finding.kind}\``)
    )
  }

  get warnings(): ReadonlyArray<string> {
    const allowed = this.#findings((finding) => finding.allowed)
    return [
      ...allowed.map(({ at, finding }) => `${at}: ${finding.what} is allowed by a comment; no key sees it`),
      ...this.#units.filter((unit) => unit.evaluates).map((unit) =>
        `${this.#at(unit, unit.line)}: eval sees every binding, so the digest covers the text of the whole file`
      )
    ]
  }

  /** Units with something to say; sealing has seen whether there are any. */
  get #units(): ReadonlyArray<Unit> {
    return this.#troubled ? [...this.#all.units] : []
  }

  #findings(wanted: (finding: Finding) => boolean) {
    return this.#units.flatMap((unit) =>
      unit.findings.filter(wanted).map((finding) => ({ at: this.#at(unit, finding.line), finding }))
    )
  }

  #at(unit: Unit, line: number): string {
    return `${placeOf(this.#root, this.#program.home(unit).file)}:${line}`
  }
}
