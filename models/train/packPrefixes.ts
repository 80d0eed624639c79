/**
 * Packs token rows that share prefixes into the inputs of `prefixLayout.ts`: rows whose tokens before the last one of
 * the prompt are equal share them, so that they are computed once a run. A row keeps the last token of its prompt, and
 * its last target is left out, so that every token of a row has a target.
 */
import type { PackedRun, PackOptions, TrainRow } from "./packRows.ts"
import type { PrefixShape } from "./prefixLayout.ts"

/** Inputs of one run, flat; `[tokens]` are those of prefixes, then those of rows. */
interface PrefixInputs {
  readonly ids: BigInt64Array<ArrayBuffer>
  readonly positions: BigInt64Array<ArrayBuffer>
  readonly prefixCells: Int32Array<ArrayBuffer>
  readonly rowCells: Int32Array<ArrayBuffer>
  readonly cells: Int32Array<ArrayBuffer>
  readonly prefixOf: Int32Array<ArrayBuffer>
  readonly targets: BigInt64Array<ArrayBuffer>
  readonly weights: Float32Array
  readonly advantages: Float32Array
  readonly oldLogprobs: Float32Array
  readonly referenceLogprobs: Float32Array
}

export interface PackedPrefixes extends PackedRun, PrefixShape {
  readonly inputs: PrefixInputs
}

/** A row with its place in the list given. */
interface Placed {
  readonly row: TrainRow
  readonly place: number
}

/** Rows that share the tokens before their last one of the prompt. */
interface Family {
  readonly prefix: ReadonlyArray<number>
  readonly rows: ReadonlyArray<Placed>
}

const targetsOf = ({ row }: Placed): number => row.ids.length - row.targetFrom

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const largest = (values: ReadonlyArray<number>): number => values.reduce((a, b) => Math.max(a, b), 0)

/** Families and the rows of each, longest rows first, ties by place. */
const familiesOf = (rows: ReadonlyArray<TrainRow>): ReadonlyArray<Family> => {
  const placed = rows.map((row, place) => ({ row, place }))
    .sort((a, b) => targetsOf(b) - targetsOf(a) || a.place - b.place)
  const families = Map.groupBy(placed, ({ row }) => Array.prototype.slice.call(row.ids, 0, row.targetFrom - 1).join())
  return Array.from(families.values(), (rows) => {
    const { ids, targetFrom } = rows[0]!.row
    return { prefix: Array.prototype.slice.call(ids, 0, targetFrom - 1), rows }
  })
}

/** How many of `rows` fit beside `prefix` tokens; at least one. */
const fitting = (rows: ReadonlyArray<Placed>, prefix: number, { rowsPerRun, tokensPerRun }: PackOptions): number => {
  let tokens = prefix
  const over = rows.findIndex((row, i) => i >= rowsPerRun || (tokens += targetsOf(row)) > tokensPerRun)
  return over < 0 ? rows.length : Math.max(1, over)
}

/**
 * Splits `rows` into runs of few distinct shapes. Families stay together; one that does not fit into a run is divided,
 * and its prefix computed again.
 */
export const packPrefixes = function*(
  rows: ReadonlyArray<TrainRow>,
  options: PackOptions
): Generator<PackedPrefixes> {
  let run: Array<Family> = []
  const within = (families: ReadonlyArray<Family>) => {
    const all = families.flatMap(({ rows }) => rows)
    const tokens = sum(families.map(({ prefix }) => prefix.length)) + sum(all.map(targetsOf))
    return tokens <= options.tokensPerRun && all.length <= options.rowsPerRun
  }
  for (const { prefix, rows: all } of familiesOf(rows)) {
    let rest = all
    while (rest.length > 0) {
      const count = fitting(rest, prefix.length, options)
      const part = { prefix, rows: rest.slice(0, count) }
      if (run.length > 0 && !within([...run, part])) {
        yield pack(run, options)
        run = []
      }
      run.push(part)
      rest = rest.slice(count)
    }
  }
  if (run.length > 0) yield pack(run, options)
}

/** A multiple of `step`, and of a share of the power of two below, so that there are few sizes. */
const roundUp = (size: number, step: number, share: number): number => {
  const coarse = Math.max(step, share * 2 ** Math.floor(Math.log2(Math.max(1, size))))
  return Math.ceil(size / coarse) * coarse
}

/** Of what only attention computes, and of prefixes, which are few; of all else. */
const coarseShare = 1 / 4
const fineShare = 1 / 8

const shapeOf = (families: ReadonlyArray<Family>, { lengthBucket }: PackOptions): PrefixShape => {
  const prefixes = families.map(({ prefix }) => prefix.length)
  const rows = families.flatMap(({ rows }) => rows.map(targetsOf))
  return {
    prefixes: roundUp(prefixes.length, 1, coarseShare),
    // one more: padding has a cell and a token of its own
    prefixLength: roundUp(largest(prefixes) + 1, lengthBucket, coarseShare),
    prefixTokens: roundUp(sum(prefixes) + 1, lengthBucket, coarseShare),
    rows: roundUp(rows.length, 1, coarseShare),
    rowLength: roundUp(largest(rows), lengthBucket, coarseShare),
    targets: roundUp(sum(rows), lengthBucket, fineShare)
  }
}

const emptyInputs = (shape: PrefixShape): PrefixInputs => {
  const { prefixes, prefixLength, prefixTokens, rowLength, rows, targets } = shape
  const tokens = prefixTokens + targets
  return {
    ids: new BigInt64Array(tokens),
    positions: new BigInt64Array(tokens),
    prefixCells: new Int32Array(prefixes * prefixLength).fill(prefixTokens - 1),
    rowCells: new Int32Array(rows * rowLength).fill(prefixTokens - 1),
    cells: new Int32Array(tokens).fill(prefixLength - 1),
    prefixOf: new Int32Array(rows),
    targets: new BigInt64Array(targets),
    weights: new Float32Array(targets),
    advantages: new Float32Array(targets),
    oldLogprobs: new Float32Array(targets),
    referenceLogprobs: new Float32Array(targets)
  }
}

const pack = (families: ReadonlyArray<Family>, options: PackOptions): PackedPrefixes => {
  const shape = shapeOf(families, options)
  const inputs = emptyInputs(shape)
  const spans: Array<readonly [number, number, number]> = []
  let token = 0
  let target = 0
  families.forEach(({ prefix, rows }, line) => {
    prefix.forEach((id, i) => {
      const cell = line * shape.prefixLength + i
      inputs.ids[token] = BigInt(id)
      inputs.positions[token] = BigInt(i)
      inputs.cells[token] = cell
      inputs.prefixCells[cell] = token++
    })
    for (const placed of rows) {
      const row = spans.length
      inputs.prefixOf[row] = line
      writeRow(inputs, shape, placed.row, { row, target })
      spans.push([placed.place, target, target + targetsOf(placed)])
      target += targetsOf(placed)
    }
  })
  return { ...shape, inputs, spans }
}

/** Writes row number `row`, whose targets begin at `target`. */
const writeRow = (
  inputs: PrefixInputs,
  { prefixLength, prefixTokens, prefixes, rowLength }: PrefixShape,
  { advantage = 0, ids, oldLogprobs, referenceLogprobs, targetFrom, weight }: TrainRow,
  { row, target }: { readonly row: number; readonly target: number }
): void => {
  for (let i = 0; i < ids.length - targetFrom; i++) {
    const place = target + i
    const token = prefixTokens + place
    const cell = row * rowLength + i
    inputs.ids[token] = BigInt(ids[targetFrom - 1 + i]!)
    inputs.positions[token] = BigInt(targetFrom - 1 + i)
    inputs.cells[token] = prefixes * prefixLength + cell
    inputs.rowCells[cell] = token
    inputs.targets[place] = BigInt(ids[targetFrom + i]!)
    inputs.weights[place] = weight
    inputs.advantages[place] = advantage
    inputs.oldLogprobs[place] = oldLogprobs?.[i] ?? 0
    inputs.referenceLogprobs[place] = referenceLogprobs?.[i] ?? 0
  }
}
