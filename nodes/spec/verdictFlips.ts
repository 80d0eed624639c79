/**
 * What an edit of the specification did to the expert's verdicts: which pairs flipped, by the clauses that decided, with
 * some to look at. For the semantic difference of two versions once both have been judged.
 */

/** What of a critique row matters here. */
export interface JudgedPair {
  readonly sampleId: string
  readonly verdict: "safe" | "unsafe" | null
  readonly cited: ReadonlyArray<string>
  readonly shown: ReadonlyArray<string>
}

export interface ClauseFlips {
  /** A clause that one of the two critiques cites, or was shown where none cites any; null: none was shown. */
  readonly clauseId: string | null
  /** Pairs that both versions judged and that concern this clause. */
  readonly judged: number
  readonly toSafe: number
  readonly toUnsafe: number
  /** The first flipped samples, by id. */
  readonly samples: ReadonlyArray<string>
}

const concerned = (before: JudgedPair, after: JudgedPair): ReadonlyArray<string | null> => {
  const cited = [...new Set([...before.cited, ...after.cited])]
  if (cited.length > 0) return cited
  const shown = [...new Set([...before.shown, ...after.shown])]
  return shown.length > 0 ? shown : [null]
}

/**
 * Flips by clause, those with most flips first; a pair counts for every clause it concerns. Pairs that one version did
 * not judge, or judged without a verdict, are left out.
 */
export const verdictFlips = (
  before: ReadonlyArray<JudgedPair>,
  after: ReadonlyArray<JudgedPair>,
  mostSamples = 5
): ReadonlyArray<ClauseFlips> => {
  const known = new Map(before.map((row) => [row.sampleId, row]))
  const flips = new Map<string | null, { judged: number; toSafe: number; toUnsafe: number; samples: Array<string> }>()
  for (const row of after) {
    const was = known.get(row.sampleId)
    if (was === undefined || was.verdict === null || row.verdict === null) continue
    for (const clauseId of concerned(was, row)) {
      const count = flips.get(clauseId) ?? { judged: 0, toSafe: 0, toUnsafe: 0, samples: [] }
      flips.set(clauseId, count)
      count.judged++
      if (was.verdict === row.verdict) continue
      if (row.verdict === "safe") count.toSafe++
      else count.toUnsafe++
      count.samples.push(row.sampleId)
    }
  }
  const all = [...flips].map(([clauseId, { samples, ...count }]) => ({
    clauseId,
    ...count,
    samples: samples.sort().slice(0, mostSamples)
  }))
  const changed = (one: (typeof all)[number]) => one.toSafe + one.toUnsafe
  return all.sort((a, b) => changed(b) - changed(a) || (String(a.clauseId) < String(b.clauseId) ? -1 : 1))
}
