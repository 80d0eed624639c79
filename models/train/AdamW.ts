/**
 * AdamW over flat float32 arrays, in place, and the global norm its caller clips by. Learning rates come from
 * `schedule.ts`; keeping the state between processes is `TrainingState.ts`' business.
 */

export interface AdamWOptions {
  readonly betas: readonly [number, number]
  /** Default: 1e-8. */
  readonly epsilon?: number
  /** Decoupled decay: every step multiplies each decayed parameter by `1 − learningRate · weightDecay`. */
  readonly weightDecay: number
}

/** First and second moment of one parameter, of its length. */
export interface Moments {
  readonly first: Float32Array
  readonly second: Float32Array
}

/** Parameters or gradients by name. */
export type Arrays = ReadonlyMap<string, Float32Array>

const epsilonDefault = 1e-8

export class AdamW {
  readonly options: AdamWOptions
  readonly moments: ReadonlyMap<string, Moments>
  /** Steps taken; bias correction depends on it. */
  steps: number

  /** Zero moments for every array of `parameters`. */
  constructor(parameters: Arrays, options: AdamWOptions) {
    this.options = options
    this.steps = 0
    this.moments = new Map(
      Array.from(parameters, ([name, values]) => [
        name,
        { first: new Float32Array(values.length), second: new Float32Array(values.length) }
      ])
    )
  }

  /**
   * Moves `parameters` against `gradients` (of the same names and lengths), both scaled as they are; `gradientScale`
   * multiplies each gradient first, for clipping.
   *
   * **Source**: Loshchilov and Hutter 2019, algorithm 2, as in `torch.optim.AdamW`.
   */
  step(parameters: Arrays, gradients: Arrays, learningRate: number, gradientScale = 1): void {
    this.steps++
    const { betas: [beta1, beta2], epsilon = epsilonDefault, weightDecay } = this.options
    const rates: Rates = {
      beta1,
      beta2,
      epsilon,
      keep: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** this.steps),
      secondScale: 1 / Math.sqrt(1 - beta2 ** this.steps),
      gradientScale
    }
    for (const [name, values] of parameters) update(values, gradients.get(name)!, this.moments.get(name)!, rates)
  }
}

interface Rates {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly keep: number
  readonly stepSize: number
  readonly secondScale: number
  readonly gradientScale: number
}

const update = (values: Float32Array, gradient: Float32Array, { first, second }: Moments, rates: Rates): void => {
  const { beta1, beta2, epsilon, gradientScale, keep, secondScale, stepSize } = rates
  const fresh1 = 1 - beta1
  const fresh2 = 1 - beta2
  for (let i = 0; i < values.length; i++) {
    const slope = gradient[i]! * gradientScale
    const mean = beta1 * first[i]! + fresh1 * slope
    const square = beta2 * second[i]! + fresh2 * slope * slope
    first[i] = mean
    second[i] = square
    values[i] = values[i]! * keep - stepSize * mean / (Math.sqrt(square) * secondScale + epsilon)
  }
}

/** Euclidean norm of all arrays taken as one vector. */
export const globalNorm = (arrays: Arrays): number => {
  let total = 0
  for (const values of arrays.values()) {
    // One partial sum per array keeps the sum accurate over many millions of elements.
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
    total += sum
  }
  return Math.sqrt(total)
}

/**
 * The factor that limits a gradient of norm `norm` to `limit`; 1 when it is within. Source: `clip_grad_norm_` of torch.
 */
export const clipScale = (norm: number, limit: number): number => Math.min(1, limit / (norm + 1e-6))
