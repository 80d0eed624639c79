/**
 * Opens an onnxruntime session of a generated graph: the one place that says on which device and with which threads
 * graphs run. The runtime is loaded here, at the first session, so that a cached run never loads it. Which devices a
 * machine has is `../doctor.ts`' business.
 */
import type { InferenceSession } from "onnxruntime-node"

/** Where graphs run. The graphs themselves use operators that onnxruntime's WebGPU provider has, too. */
export type Device = "cpu"

export type OnnxRuntime = typeof import("onnxruntime-node")

export interface SessionSettings {
  /** Threads of one run. */
  readonly threads: number
  /** Default: the CPU. */
  readonly device?: Device
  /** Bytes of the constants that lie outside the model, by name. */
  readonly constants?: ReadonlyArray<{ readonly path: string; readonly data: Uint8Array }>
  /** Keep freed memory for the next run: faster for sessions that run often, wasteful for many of them. */
  readonly arena: boolean
  /** How much onnxruntime rewrites a graph before running it. */
  readonly optimisation: "basic" | "all"
}

/** The runtime, loaded once. */
export const loadRuntime = (): Promise<OnnxRuntime> => import("onnxruntime-node")

/** A session of the model in `bytes`. **Fails**: rejects when onnxruntime cannot be loaded or refuses the model. */
export const openSession = async (bytes: Uint8Array, settings: SessionSettings): Promise<InferenceSession> => {
  const runtime = await loadRuntime()
  return runtime.InferenceSession.create(bytes, {
    executionProviders: [settings.device ?? "cpu"],
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    // with patterns on, memory doubles at the second run of a training graph
    enableMemPattern: false,
    enableCpuMemArena: settings.arena,
    graphOptimizationLevel: settings.optimisation,
    logSeverityLevel: 3,
    ...(settings.constants === undefined ? {} : { externalData: settings.constants }),
    // threads of a spinning pool would burn the cores that other workers need
    extra: { session: { intra_op: { allow_spinning: "0" } } }
  })
}
