/**
 * The Jupyter kernel a notebook runs in, if there is one: Deno's. The same cells run as a plain file under Node and
 * Deno, where there is none.
 */
import { randomUUID } from "node:crypto"

/** What an output is in each of its formats, by MIME type: what Jupyter calls a bundle. */
export interface Bundle {
  /** Shown where nothing better can be, and outside a kernel. */
  readonly "text/plain": string
  readonly [mime: string]: string
}

interface Content {
  readonly data: Bundle
  readonly metadata: object
  readonly transient: { readonly display_id?: string }
}

interface Kernel {
  readonly broadcast: (type: "display_data" | "update_display_data", content: Content) => Promise<void>
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

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settle))

/**
 * Sends an output to the notebook and resolves once it is safe to end the cell; without a kernel the text goes to
 * standard output. `metadata` is by MIME type.
 */
export const display = async (bundle: Bundle, metadata: object = {}): Promise<void> => {
  const found = kernel()
  if (found === undefined) return console.log(bundle["text/plain"])
  await found.broadcast("display_data", { data: bundle, metadata, transient: {} })
  await settled()
}

/** An output that changes. */
export interface Changing {
  /** Puts another output in its place. */
  readonly update: (bundle: Bundle) => Promise<void>
  /** Puts the last output in its place and resolves once it is safe to end the cell. */
  readonly finish: (bundle: Bundle) => Promise<void>
}

/** Shows an output that will change. Without a kernel nothing but the last one is printed. */
export const displayChanging = async (bundle: Bundle): Promise<Changing> => {
  const found = kernel()
  if (found === undefined) {
    return { update: () => Promise.resolve(), finish: async (last) => console.log(last["text/plain"]) }
  }
  const transient = { display_id: randomUUID() }
  await found.broadcast("display_data", { data: bundle, metadata: {}, transient })
  const update = (next: Bundle) => found.broadcast("update_display_data", { data: next, metadata: {}, transient })
  return {
    update,
    finish: async (last) => {
      await update(last)
      await settled()
    }
  }
}
