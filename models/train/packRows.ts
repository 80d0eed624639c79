/**
 * Packs token rows of different lengths into the inputs of training graphs: similar lengths together, right-padded (the
 * causal mask makes right padding harmless), with target positions listed so that only they reach the output head. With
 * `packing`, short rows share a line; each attends to itself only and counts its positions from 0, so the results are
 * those of rows on lines of their own. Rows with equal prompts are `packPrefixes.ts`' business.
 */
import type { LineShape } from "./lineLayout.ts"

/** One sequence to learn from. */
export interface TrainRow {
  /** Prompt and target together. */
  readonly ids: ArrayLike<number>
  /** Index of the first target; at least 1, since the first token has nothing before it. */
  readonly targetFrom: number
  /** Weight of each target's loss. */
  readonly weight: number
  /** GRPO: advantage of every target of the row. */
  readonly advantage?: number
  /** GRPO: log-probabilities of the targets under the policy that sampled them. */
  readonly oldLogprobs?: ArrayLike<number>
  /** GRPO with a KL term: log-probabilities of the targets under the reference. */
  readonly referenceLogprobs?: ArrayLike<number>
}

/** Inputs of one run, flat; those of tokens `[batch · length]`, those of targets `[targets]`. */
export interface PackedInputs {
  readonly ids: BigInt64Array<ArrayBuffer>
  /** Each token's place in its row; only with packing. */
  readonly positions?: BigInt64Array<ArrayBuffer>
  /** Which row of its line a token belongs to, from 1; 0 is padding. Only with packing. */
  readonly segments?: Int32Array<ArrayBuffer>
  readonly headRows: BigInt64Array<ArrayBuffer>
  readonly headInverse: BigInt64Array<ArrayBuffer>
  readonly targets: BigInt64Array<ArrayBuffer>
  readonly weights: Float32Array
  readonly advantages: Float32Array
  readonly oldLogprobs: Float32Array
  readonly referenceLogprobs: Float32Array
}

/** Rows as one run computes them. */
export interface PackedRun {
  /** For each row: its place in the list given, and where its targets start and end among those of the run. */
  readonly spans: ReadonlyArray<readonly [place: number, from: number, to: number]>
}

export interface PackedRows extends PackedRun, LineShape {
  readonly inputs: PackedInputs
}

export interface PackOptions {
  readonly rowsPerRun: number
  readonly tokensPerRun: number
  readonly lengthBucket: number
  /** Target counts are rounded up to this share of a run's tokens. */
  readonly targetBucket: number
  /** Rows may share a line. Default: false. */
  readonly packing?: boolean
}

/** A row with its place in the list given. */
interface Placed {
  readonly row: TrainRow
  readonly place: number
}

/** The rows of one line, one after the other. */
type Line = Array<Placed>

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step

/** Fewest targets of a run; also what counts are rounded to in small runs. */
const fewestTargets = 16
/** A run that is not full has a quarter, half or three quarters of the rows. */
const batchParts = 4

/**
 * Splits `rows` into runs of few distinct shapes: lengths, row counts and target counts are rounded up, missing rows
 * are empty. Rows are ordered by length (ties by place), so the result depends on the rows alone.
 */
export const packRows = function*(rows: ReadonlyArray<TrainRow>, options: PackOptions): Generator<PackedRows> {
  let rest: ReadonlyArray<Placed> = rows.map((row, place) => ({ row, place }))
    .sort((a, b) => b.row.ids.length - a.row.ids.length || a.place - b.place)
  while (rest.length > 0) {
    const length = roundUp(rest[0]!.row.ids.length, options.lengthBucket)
    const most = Math.max(1, Math.min(options.rowsPerRun, Math.floor(options.tokensPerRun / length)))
    const { left, lines } = options.packing === true ? fitLines(rest, most, length) : wholeLines(rest, most)
    const batch = Math.min(most, roundUp(lines.length + left.length, Math.ceil(most / batchParts)))
    yield pack(lines, { batch, length }, options)
    rest = left
  }
}

const wholeLines = (rows: ReadonlyArray<Placed>, most: number) => ({
  lines: rows.slice(0, most).map((row) => [row]),
  left: rows.slice(most)
})

/** Puts each row on the first of `most` lines that has room for it. */
const fitLines = (rows: ReadonlyArray<Placed>, most: number, length: number) => {
  const lines: Array<Line> = []
  const room: Array<number> = []
  const left: Array<Placed> = []
  for (const placed of rows) {
    const size = placed.row.ids.length
    let line = room.findIndex((space) => space >= size)
    if (line < 0 && lines.length < most) {
      line = lines.push([]) - 1
      room.push(length)
    }
    if (line < 0) {
      left.push(placed)
    } else {
      lines[line]!.push(placed)
      room[line]! -= size
    }
  }
  return { lines, left }
}

const pack = (
  lines: ReadonlyArray<Line>,
  { batch, length }: { readonly batch: number; readonly length: number },
  { packing = false, targetBucket }: PackOptions
): PackedRows => {
  const count = lines.flat().reduce((sum, { row }) => sum + row.ids.length - row.targetFrom, 0)
  const targets = roundUp(Math.max(1, count), Math.max(fewestTargets, Math.ceil(batch * length * targetBucket)))
  const inputs: PackedInputs = {
    ids: new BigInt64Array(batch * length),
    ...(packing && { positions: new BigInt64Array(batch * length), segments: new Int32Array(batch * length) }),
    headRows: new BigInt64Array(targets),
    headInverse: new BigInt64Array(batch * length).fill(BigInt(targets)),
    targets: new BigInt64Array(targets),
    weights: new Float32Array(targets),
    advantages: new Float32Array(targets),
    oldLogprobs: new Float32Array(targets),
    referenceLogprobs: new Float32Array(targets)
  }
  const spans: Array<readonly [number, number, number]> = []
  let next = 0
  lines.forEach((rows, line) => {
    let base = line * length
    rows.forEach(({ place, row }, segment) => {
      writeRow(inputs, row, { base, next, segment: segment + 1 })
      const targetCount = row.ids.length - row.targetFrom
      spans.push([place, next, next + targetCount])
      next += targetCount
      base += row.ids.length
    })
  })
  return { batch, length, targets, packing, inputs, spans }
}

/** Writes one row from token `base` and target `next` on. */
const writeRow = (
  inputs: PackedInputs,
  row: TrainRow,
  { base, next, segment }: { readonly base: number; readonly next: number; readonly segment: number }
): void => {
  for (let i = 0; i < row.ids.length; i++) {
    inputs.ids[base + i] = BigInt(row.ids[i]!)
    if (inputs.positions !== undefined) inputs.positions[base + i] = BigInt(i)
    if (inputs.segments !== undefined) inputs.segments[base + i] = segment
  }
  for (let i = row.targetFrom, target = next; i < row.ids.length; i++, target++) {
    inputs.headRows[target] = BigInt(base + i - 1)
    inputs.headInverse[base + i - 1] = BigInt(target)
    inputs.targets[target] = BigInt(row.ids[i]!)
    inputs.weights[target] = row.weight
    inputs.advantages[target] = row.advantage ?? 0
    inputs.oldLogprobs[target] = row.oldLogprobs?.[i - row.targetFrom] ?? 0
    inputs.referenceLogprobs[target] = row.referenceLogprobs?.[i - row.targetFrom] ?? 0
  }
}
