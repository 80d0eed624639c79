/**
 * The child's end of a `ModelProcess`: hears the parent, answers it, and ends when the parent has. What is computed is
 * the entries' business.
 */

export interface ParentPort<Out> {
  readonly send: (message: Out) => void
  /** Ends the process once everything sent has arrived. */
  readonly close: () => void
}

/**
 * Terminals and service managers send these to all processes of a run. The parent decides what they mean: it asks this
 * one to stop, or ends and closes the channel.
 */
const parentsSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Waits for the task; messages after it go to the function that `start` returns. To be called once. */
export const serveParent = <Task, In, Out extends object>(
  start: (task: Task, port: ParentPort<Out>) => (message: In) => void
): void => {
  const send = process.send!.bind(process)
  let sent = Promise.resolve()
  const port: ParentPort<Out> = {
    send: (message) => {
      const earlier = sent
      const now = new Promise<void>((resolve) => void send(message, undefined, undefined, () => resolve()))
      sent = earlier.then(() => now)
    },
    close: () => void sent.then(() => process.connected && process.disconnect())
  }
  let hear: ((message: In) => void) | undefined
  process.on("message", (message) => {
    if (hear === undefined) hear = start(message as Task, port)
    else hear(message as In)
  })
  process.once("disconnect", () => process.exit())
  for (const signal of parentsSignals) process.on(signal, () => {})
}
