/**
 * What a sampler's client and its process say to each other. Both sides gather what a turn of their event loop
 * brings into one message, so thousands of requests cost few.
 */
import type { Precision } from "../decode/DecodeSession.ts"
import type { Sample, SampleRequest } from "./Sample.ts"
import type { EncodedSamplerError } from "./SamplerError.ts"

/** What a process is started with. */
export interface SamplerTask {
  readonly checkpoint: string
  readonly width: number
  readonly threads: number
  readonly maxLength: number | undefined
  readonly precision: Precision
  readonly memoryBytes: number | undefined
}

/** From client to process. */
export interface ToSampler {
  readonly requests: ReadonlyArray<readonly [id: number, request: SampleRequest]>
  /** Ids of requests whose answer nobody waits for any more. */
  readonly withdrawn: ReadonlyArray<number>
}

/** From process to client. */
export type FromSampler =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: EncodedSamplerError }
  | {
    readonly kind: "results"
    readonly samples: ReadonlyArray<readonly [id: number, sample: Sample]>
    readonly errors: ReadonlyArray<readonly [id: number, error: EncodedSamplerError]>
  }
