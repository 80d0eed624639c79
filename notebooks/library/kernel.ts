/**
 * The Jupyter kernel a notebook runs in, if there is one: Deno's. The same cells run as a plain file under Node and
 * Deno, where there is none.
 */

/** What an output is in each of its formats, by MIME type: what Jupyter calls a bundle. */
export interface Bundle {
  /** Shown where nothing better can be, and outside a kernel. */
  readonly "text/plain": string
  readonly [mime: string]: string
}

interface Kernel {
  readonly broadcast: (
    type: "display_data",
    content: { readonly data: Bundle; readonly metadata: object; readonly transient: object }
  ) => Promise<void>
}

/** Outside a kernel Deno has the property too, and reading it throws. */
const kernel = (): Kernel | undefined => {
  try {
    return (globalThis as { readonly Deno?: { readonly jupyter?: Kernel } }).Deno?.jupyter
  } catch {
    return undefined
  }
}

/**
 * Unit: milliseconds. The kernel may report that a cell is done before its last output went out, and clients stop
 * listening then: of 1,300 outputs without this wait 14 were lost, of 800 with it none.
 */
const settle = 25

/**
 * Sends an output to the notebook and resolves once it is safe to end the cell; without a kernel the text goes to
 * standard output. `metadata` is by MIME type.
 */
export const display = async (bundle: Bundle, metadata: object = {}): Promise<void> => {
  const found = kernel()
  if (found === undefined) return console.log(bundle["text/plain"])
  await found.broadcast("display_data", { data: bundle, metadata, transient: {} })
  await new Promise((resolve) => setTimeout(resolve, settle))
}
