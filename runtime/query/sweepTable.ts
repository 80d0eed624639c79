/**
 * The arms of a sweep as one table: their rows one after the other, with the values of the axes as further columns. Arms
 * are known by their labels, `scores:verifySft[fraction=0.05,seed=1]`; nothing is copied or decoded before it is read.
 */
import * as Effect from "effect/Effect"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { Cell, Column, ColumnType } from "../../cache/Columns.ts"
import { canonicalJson } from "../../cache/Digest.ts"
import type { SqlTable } from "../../cache/Duck.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"

/** A label taken apart. */
export interface ArmLabel {
  /** What stands before the brackets, the same for all arms. */
  readonly name: string
  /** The text of each axis' value. */
  readonly point: { readonly [axis: string]: string }
}

/** The parts of an arm's label; `undefined` for a label that names no arm. */
export const parseArmLabel = (label: string): ArmLabel | undefined => {
  const found = /^([^[]+)\[([^=,]+=.*)\]$/su.exec(label)
  if (found === null) return undefined
  // A comma within a value is followed by no name of an axis.
  const axes = found[2]!.split(/,(?=[A-Za-z_]\w*=)/u)
  return {
    name: found[1]!,
    point: Object.fromEntries(axes.map((axis) => [axis.slice(0, axis.indexOf("=")), axis.slice(axis.indexOf("=") + 1)]))
  }
}

const isNumber = (text: string): boolean => Number.isFinite(Number(text)) && String(Number(text)) === text

/** The column of an axis: numbers or booleans where all its values are, else text. */
const axisColumn = (
  values: ReadonlyArray<string>
): { readonly type: ColumnType; readonly cell: (text: string) => Cell } => {
  const of = (kind: "int64" | "float64" | "bool" | "string", cell: (text: string) => Cell) => ({
    type: { kind, nullable: true },
    cell
  })
  if (values.every(isNumber)) {
    return of(values.every((text) => Number.isSafeInteger(Number(text))) ? "int64" : "float64", Number)
  }
  return values.every((text) => text === "true" || text === "false")
    ? of("bool", (text) => text === "true")
    : of("string", (text) => text)
}

export interface Arm {
  readonly label: string
  readonly point: ArmLabel["point"]
  readonly table: SqlTable
}

/** Equal for equal schemas, wherever they were read from: a cache and a run may order the fields of a type differently. */
const shapeOf = (table: SqlTable): string => canonicalJson(table.schema)

/** A table that no statement can read, because arms of different shape have no common columns. */
const refused = (name: string, first: Arm, other: Arm): SqlTable => ({
  schema: first.table.schema,
  chunks: 1,
  readChunk: () =>
    Effect.fail(
      new TableRefused({
        column: "*",
        found: `of ${name}: the arms ${first.label} and ${other.label} have different columns; `
          + "run the sweep again, or read one arm by its label"
      })
    )
})

/**
 * The arms as one table, in their order: first the axes, then the columns of the arms. An axis named like a column is
 * `axis_` and its name; an arm that all values of an axis share has null there.
 *
 * **Shape**: at least one arm. Where arms differ in their columns, reading the table fails with `TableRefused`.
 */
export const sweepTable = (name: string, arms: ReadonlyArray<Arm>): SqlTable => {
  const [first] = arms
  if (first === undefined) throw new RangeError(`the sweep ${name} has no arms`)
  const other = arms.find((arm) => shapeOf(arm.table) !== shapeOf(first.table))
  if (other !== undefined) return refused(name, first, other)
  const taken = new Set(first.table.schema.map((column) => column.name.toLowerCase()))
  const names = [...new Set(arms.flatMap(({ point }) => Object.keys(point)))]
  const axes = names.map((axis) => ({
    axis,
    name: taken.has(axis.toLowerCase()) ? `axis_${axis}` : axis,
    ...axisColumn(arms.flatMap(({ point }) => point[axis] ?? []))
  }))
  const chunks = arms.flatMap((arm) => Array.from({ length: arm.table.chunks }, (_, chunk) => ({ arm, chunk })))
  return {
    schema: [...axes.map(({ name, type }): Column => ({ name, type })), ...first.table.schema],
    chunks: chunks.length,
    readChunk: Effect.fnUntraced(function*(index, wanted, memory) {
      const { arm, chunk } = chunks[index]!
      const asked = axes.filter((axis) => wanted.includes(axis.name))
      const own = first.table.schema.filter((column) => wanted.includes(column.name))
      const read = yield* arm.table.readChunk(chunk, own.map((column) => column.name), memory)
      const constant = asked.map(({ axis, cell, type }) => {
        const text = arm.point[axis]
        return encodeColumn(type, Array.from({ length: read.rows }, () => text === undefined ? null : cell(text)))
      })
      return { rows: read.rows, columns: [...constant, ...read.columns] }
    })
  }
}
