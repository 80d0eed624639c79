/** How far two judges agree on the same answers: counts and Cohen's κ by set, of safe and unsafe and of refusal. */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row } from "../runtime/Type.ts"
import { cohenKappa } from "./maths/cohenKappa.ts"
import { Judgement } from "./tables.ts"

/** What both judges said of the answers of one set. `onlyFirst`: the first said it and the second did not. */
export const JudgeAgreement = Type.table("judgeAgreement", {
  arm: Schema.String,
  set: Schema.String,
  what: Schema.Literals(["unsafe", "refusal"]),
  both: Schema.Int,
  onlyFirst: Schema.Int,
  onlySecond: Schema.Int,
  neither: Schema.Int,
  unparsable: Schema.Int, // by either; in no count above
  kappa: Schema.NullOr(Schema.Finite) // null: both always said the same one thing
}, { id: ["arm", "set", "what"] })

type JudgementRow = Row<typeof Judgement.columns>

const says = {
  unsafe: ({ safe }: JudgementRow) => safe === null ? null : !safe,
  refusal: ({ outcome }: JudgementRow) => outcome === "refusal"
}

/** The agreement of two judges on one kind of statement; answers that either could not read are counted apart. */
export const agreementOn = (
  what: keyof typeof says,
  pairs: ReadonlyArray<readonly [JudgementRow, JudgementRow]>
): Omit<Row<typeof JudgeAgreement.columns>, "arm" | "set"> => {
  const read = pairs.flatMap(([first, second]) => {
    const [a, b] = [says[what](first), says[what](second)]
    return a === null || b === null ? [] : [[a, b] as const]
  })
  const count = (a: boolean, b: boolean) => read.filter(([one, other]) => one === a && other === b).length
  return {
    what,
    both: count(true, true),
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    neither: count(false, false),
    unparsable: pairs.length - read.length,
    kappa: cohenKappa(read.map(([a]) => String(a)), read.map(([, b]) => String(b))).kappa
  }
}

export const judgeAgreement = Node.make({
  name: "judgeAgreement",
  description: "two judges side by side",
  inputs: { first: Judgement, second: Judgement },
  params: { arm: Schema.String },
  output: JudgeAgreement,
  *run(inputs, { params: { arm } }) {
    const second = new Map((yield* inputs.second.all).map((row) => [row.sampleId, row]))
    const first = (yield* inputs.first.all).filter(({ label }) => label !== "maths")
    return [...Map.groupBy(first, ({ set }) => set)].flatMap(([set, rows]) => {
      const pairs = rows.flatMap((row) => {
        const other = second.get(row.sampleId)
        return other === undefined ? [] : [[row, other] as const]
      })
      return (["unsafe", "refusal"] as const).map((what) => ({ arm, set, ...agreementOn(what, pairs) }))
    })
  }
})
