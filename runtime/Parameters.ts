/**
 * The parameters of refs as their definitions want them: defaults filled in, checked, and in the form that enters keys.
 */
import * as Schema from "effect/Schema"
import { canonicalJson, NotCanonical } from "../cache/Digest.ts"
import type { NodeDefinition } from "./Definition.ts"
import { ExperimentInvalid } from "./Error.ts"
import { reasonOf } from "./reasonOf.ts"
import type { AnyRef } from "./Ref.ts"

export interface Decoded {
  /** Without the seed. */
  readonly params: any
  readonly encodedParams: unknown
  readonly seed: number | undefined
  /** Equal texts, equal parameters and seed. */
  readonly canonical: string
}

interface Codec {
  readonly make: (params: any) => any
  readonly encode: (made: any) => any
}

const none: Decoded = { params: {}, encodedParams: {}, seed: undefined, canonical: "" }

export class Parameters {
  readonly #experiment: string
  readonly #codecs = new Map<NodeDefinition, Codec>()

  constructor(experiment: string) {
    this.#experiment = experiment
  }

  /** Throws `ExperimentInvalid` for parameters that the definition refuses or that no key can hold. */
  of(ref: AnyRef): Decoded {
    const { definition } = ref
    if (definition.kind === "source") return none
    try {
      const { encode, make } = this.#codecOf(definition)
      const made = make(ref.params)
      const encoded = encode(made)
      const canonical = canonicalJson(encoded)
      if (!definition.seeded) return { params: made, encodedParams: encoded, seed: undefined, canonical }
      const { seed, ...params } = made
      const { seed: _, ...encodedParams } = encoded
      return { params, encodedParams, seed, canonical }
    } catch (error) {
      throw this.#invalid(ref, error)
    }
  }

  #codecOf(definition: NodeDefinition): Codec {
    const known = this.#codecs.get(definition)
    if (known !== undefined) return known
    const { paramSchema } = definition
    const codec: Codec = {
      make: (params) => paramSchema.make(params),
      encode: Schema.encodeUnknownSync(paramSchema)
    }
    this.#codecs.set(definition, codec)
    return codec
  }

  #invalid(ref: AnyRef, error: unknown): ExperimentInvalid {
    const experiment = this.#experiment
    if (error instanceof NotCanonical) {
      return new ExperimentInvalid({
        experiment,
        reason: `${ref.label}: its parameter ${
          error.path.replace(/^\$\.?/, "")
        } cannot be part of a key: ${error.message}`,
        next: "give the parameter a schema that encodes it as JSON, or pass what it holds"
      })
    }
    return new ExperimentInvalid({
      experiment,
      reason: `${ref.label} does not accept its parameters: ${
        error instanceof RangeError ? "one of them holds itself" : reasonOf(error)
      }`,
      next: "compare the call with the node's `params`"
    })
  }
}
