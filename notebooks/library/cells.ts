/**
 * A notebook's source as a TypeScript file: cells begin with `// %%`, prose cells with `// %% [markdown]` and are
 * comments. The file runs as it is; from it the notebook is made. Outputs are Jupyter's business.
 */

export interface NotebookCell {
  readonly type: "markdown" | "code"
  readonly text: string
}

/** A notebook as Jupyter's format 4.5 has it, without outputs. */
export interface Notebook {
  readonly cells: ReadonlyArray<object>
  readonly metadata: object
  readonly nbformat: 4
  readonly nbformat_minor: 5
}

const uncommented = (text: string): string => text.replace(/^\/\/ ?/gmu, "")

/** The cells of a source file. What stands before the first `// %%` belongs to the file, not to the notebook. */
export const parseCells = (source: string): ReadonlyArray<NotebookCell> =>
  source.split(/^\/\/ %%/mu).slice(1).map((part) => {
    const end = part.indexOf("\n")
    const body = part.slice(end + 1).trim()
    return part.slice(0, end).trim() === "[markdown]"
      ? { type: "markdown", text: uncommented(body) }
      : { type: "code", text: body }
  })

/** Jupyter keeps a text as its lines, each with its line feed. */
const linesOf = (text: string): ReadonlyArray<string> => text.split(/(?<=\n)/u)

/** The notebook of these cells. Equal cells give equal bytes. */
export const toNotebook = (cells: ReadonlyArray<NotebookCell>): Notebook => ({
  cells: cells.map(({ text, type }, i) => ({
    cell_type: type,
    ...(type === "code" ? { execution_count: null } : {}),
    id: `cell-${i + 1}`,
    metadata: {},
    ...(type === "code" ? { outputs: [] } : {}),
    source: linesOf(text)
  })),
  metadata: {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" }
  },
  nbformat: 4,
  nbformat_minor: 5
})

/** The cells of a notebook's JSON, with or without outputs. */
export const cellsOf = (
  notebook: {
    readonly cells: ReadonlyArray<{ readonly cell_type: string; readonly source: string | ReadonlyArray<string> }>
  }
): ReadonlyArray<NotebookCell> =>
  notebook.cells.map(({ cell_type, source }) => ({
    type: cell_type === "code" ? "code" : "markdown",
    text: typeof source === "string" ? source : source.join("")
  }))
