/**
 * Puts the tables or findings of several arms one below the other, so that a report has one input whatever the number of
 * arms. Each is made for the arms of one pipeline or sweep: call it at the top level of a module.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import type { Columns, Row, Rows, Table } from "../runtime/Type.ts"
import { Findings, Score, SeedScore } from "./tables.ts"

const ports = <T>(labels: ReadonlyArray<string>, type: T): { readonly [label: string]: T } =>
  Object.fromEntries(labels.map((label) => [label, type]))

/** The rows of tables of one type, in the order of the labels; where they name an arm, it is the label. */
export const gatherTables = <F extends Columns>(table: Table<F>, labels: ReadonlyArray<string>) =>
  Node.make({
    name: `all ${table.name}`,
    description: "tables of several arms in one",
    inputs: ports(labels, table),
    output: table,
    *run(inputs) {
      const rows: Array<Row<F>> = []
      for (const label of labels) {
        const own = yield* (inputs[label] as Rows<Row<F>>).all
        rows.push(...own.map((row) => "arm" in row ? { ...row, arm: label } : row))
      }
      return rows
    }
  })

/** The scores of arms with their seeds; `points` says which arm and seed a label stands for. */
export const gatherScores = (labels: ReadonlyArray<string>) =>
  Node.make({
    name: "all scores",
    description: "scores of several arms and seeds in one",
    inputs: ports(labels, Score),
    params: { points: Schema.Record(Schema.String, Schema.Struct({ arm: Schema.String, seed: Schema.Int })) },
    output: SeedScore,
    *run(inputs, { params: { points } }) {
      const rows: Array<Row<typeof SeedScore.columns>> = []
      for (const label of labels) {
        const point = points[label]
        if (point === undefined) throw new RangeError(`the label ${label} stands for no arm; \`points\` names them`)
        rows.push(...(yield* inputs[label]!.all).map((row) => ({ ...row, ...point })))
      }
      return rows
    }
  })

/** What several steps found out about themselves, in the order of the labels, each sentence once. */
export const gatherFindings = (labels: ReadonlyArray<string>) =>
  Node.make({
    name: "all findings",
    description: "findings of several steps in one",
    inputs: ports(labels, Findings),
    output: Findings,
    run: (inputs) => [...new Set(labels.flatMap((label) => inputs[label]!))]
  })
