/**
 * Modules of the layers above the runtime, for the commands that need one. They are named by path and read when such a
 * command is called: the runtime that pipelines import knows nothing of them, and the bundle leaves them where they are.
 */

/** Sources run as they are, a built package has the same modules as JavaScript. */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js"

/** The module at `path` below the project's root, without its extension: `above("nodes/plot/plotMetric")`. */
export const above = <M>(path: string): Promise<M> =>
  import(new URL(`../../${path}${extension}`, import.meta.url).href) as Promise<M>
