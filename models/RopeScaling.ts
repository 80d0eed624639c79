/**
 * How rotary frequencies are stretched for contexts longer than a model was first trained on. Llama 3's rule is the one
 * this engine computes; linear, dynamic and other rules are refused by name, since positions computed without them
 * would look right on short prompts and be wrong on long ones. The tables themselves are made in `Llama.ts`.
 */
import * as Schema from "effect/Schema"

/**
 * Llama 3's rule: wavelengths above `originalContext / lowFrequency` tokens are stretched by `factor`, those below
 * `originalContext / highFrequency` stay, and between the two the share of stretching falls smoothly.
 */
export interface Llama3Scaling {
  readonly factor: number
  readonly lowFrequency: number
  readonly highFrequency: number
  /** Context of the first training, in tokens. */
  readonly originalContext: number
}

/** The keys of `rope_scaling` (and, newer, `rope_parameters`) in a config.json that a rule needs. */
export const HfRopeScaling = Schema.Struct({
  type: Schema.optionalKey(Schema.String),
  rope_type: Schema.optionalKey(Schema.String),
  factor: Schema.optionalKey(Schema.Finite),
  low_freq_factor: Schema.optionalKey(Schema.Finite),
  high_freq_factor: Schema.optionalKey(Schema.Finite),
  original_max_position_embeddings: Schema.optionalKey(Schema.Finite)
})

/**
 * The rule in parsed `rope_scaling` values, `undefined` when frequencies are not scaled, or a sentence why it cannot be
 * run.
 */
export const fromHfScaling = (hf: typeof HfRopeScaling.Type | undefined): Llama3Scaling | string | undefined => {
  const kind = hf?.rope_type ?? hf?.type ?? "default"
  if (hf === undefined || kind === "default") return undefined
  if (kind !== "llama3") return `rope scaling "${kind}" is not "llama3"`
  const scaling = {
    factor: hf.factor ?? NaN,
    lowFrequency: hf.low_freq_factor ?? NaN,
    highFrequency: hf.high_freq_factor ?? NaN,
    originalContext: hf.original_max_position_embeddings ?? NaN
  }
  for (const [name, value] of Object.entries(scaling)) {
    if (!(value > 0)) return `its llama3 rope scaling has no ${name}`
  }
  if (scaling.lowFrequency >= scaling.highFrequency) {
    return `its llama3 rope scaling has low_freq_factor ${scaling.lowFrequency}, not below high_freq_factor ` +
      `${scaling.highFrequency}`
  }
  return scaling
}

/** The inverse of `fromHfScaling`. */
export const toHfScaling = (scaling: Llama3Scaling): typeof HfRopeScaling.Type => ({
  rope_type: "llama3",
  factor: scaling.factor,
  low_freq_factor: scaling.lowFrequency,
  high_freq_factor: scaling.highFrequency,
  original_max_position_embeddings: scaling.originalContext
})

/**
 * `frequency` (radians per token) after scaling, every step rounded to float32 as in transformers.
 *
 * **Source**: `_compute_llama3_parameters` in transformers' `modeling_rope_utils.py`.
 */
export const scaledFrequency = (frequency: number, scaling: Llama3Scaling): number => {
  const { factor, highFrequency, lowFrequency, originalContext } = scaling
  const { fround } = Math
  // PyTorch divides a number by a tensor as the number times the reciprocal
  const over = (number: number, value: number) => fround(fround(number) * fround(1 / value))
  const wavelength = over(2 * Math.PI, frequency)
  if (wavelength > originalContext / lowFrequency) return fround(frequency / factor)
  if (wavelength < originalContext / highFrequency) return frequency
  const kept = fround(
    fround(over(originalContext, wavelength) - lowFrequency) / fround(highFrequency - lowFrequency)
  )
  const stretched = fround(fround(fround(1 - kept) * frequency) / factor)
  return fround(stretched + fround(kept * frequency))
}

/** What Meta's models of the Llama 3 family all use, beside their factor. */
const llama3 = { lowFrequency: 1, highFrequency: 4, originalContext: 8192 }

/**
 * The rule behind the per-frequency divisors that GGUF files hold instead of it, or `undefined` when they are of no
 * Llama 3 model. `frequencies` are the unscaled ones, in the same order.
 */
export const fromDivisors = (
  divisors: ArrayLike<number>,
  frequencies: ArrayLike<number>
): Llama3Scaling | undefined => {
  let factor = 1
  for (let i = 0; i < divisors.length; i++) factor = Math.max(factor, divisors[i]!)
  const scaling = { factor, ...llama3 }
  for (let i = 0; i < frequencies.length; i++) {
    const expected = frequencies[i]! / scaledFrequency(frequencies[i]!, scaling)
    if (!(Math.abs(expected / divisors[i]! - 1) < 1e-4)) return undefined
  }
  return divisors.length === frequencies.length ? scaling : undefined
}
