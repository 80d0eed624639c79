/**
 * Packs token rows of different lengths into the inputs of training graphs: similar lengths together, right-padded (the
 * causal mask makes right padding harmless), with target positions listed so that only they reach the output head.
 */

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

/** Inputs of one run, flat; `ids` and `headInverse` `[batch · length]`, all others `[targets]`. */
export interface PackedInputs {
  readonly ids: BigInt64Array<ArrayBuffer>
  readonly headRows: BigInt64Array<ArrayBuffer>
  readonly headInverse: BigInt64Array<ArrayBuffer>
  readonly targets: BigInt64Array<ArrayBuffer>
  readonly weights: Float32Array
  readonly advantages: Float32Array
  readonly oldLogprobs: Float32Array
  readonly referenceLogprobs: Float32Array
}

export interface PackedRows {
  readonly batch: number
  readonly length: number
  readonly targets: number
  readonly inputs: PackedInputs
  /** For each row: its place in the list given, and where its targets start and end among `targets`. */
  readonly spans: ReadonlyArray<readonly [place: number, from: number, to: number]>
}

export interface PackOptions {
  readonly rowsPerRun: number
  readonly tokensPerRun: number
  readonly lengthBucket: number
  /** Target counts are rounded up to this share of a run's tokens. */
  readonly targetBucket: number
}

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
  const order = rows.map((row, place) => ({ row, place }))
  order.sort((a, b) => b.row.ids.length - a.row.ids.length || a.place - b.place)
  for (let start = 0; start < order.length;) {
    const length = roundUp(order[start]!.row.ids.length, options.lengthBucket)
    const most = Math.max(1, Math.min(options.rowsPerRun, Math.floor(options.tokensPerRun / length)))
    const batch = Math.min(most, roundUp(order.length - start, Math.ceil(most / batchParts)))
    yield pack(order.slice(start, start + batch), batch, length, options.targetBucket)
    start += batch
  }
}

const pack = (
  rows: ReadonlyArray<{ readonly row: TrainRow; readonly place: number }>,
  batch: number,
  length: number,
  targetBucket: number
): PackedRows => {
  const count = rows.reduce((sum, { row }) => sum + row.ids.length - row.targetFrom, 0)
  const targets = roundUp(Math.max(1, count), Math.max(fewestTargets, Math.ceil(batch * length * targetBucket)))
  const inputs: PackedInputs = {
    ids: new BigInt64Array(batch * length),
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
  rows.forEach(({ place, row }, line) => {
    const from = next
    const base = line * length
    for (let i = 0; i < row.ids.length; i++) inputs.ids[base + i] = BigInt(row.ids[i]!)
    for (let i = row.targetFrom; i < row.ids.length; i++, next++) {
      inputs.headRows[next] = BigInt(base + i - 1)
      inputs.headInverse[base + i - 1] = BigInt(next)
      inputs.targets[next] = BigInt(row.ids[i]!)
      inputs.weights[next] = row.weight
      inputs.advantages[next] = row.advantage ?? 0
      inputs.oldLogprobs[next] = row.oldLogprobs?.[i - row.targetFrom] ?? 0
      inputs.referenceLogprobs[next] = row.referenceLogprobs?.[i - row.targetFrom] ?? 0
    }
    spans.push([place, from, next])
  })
  return { batch, length, targets, inputs, spans }
}
