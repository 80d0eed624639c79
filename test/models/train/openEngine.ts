/** Gradient engines for one test each: released when it ends, however it ends. */
import { onTestFinished } from "vitest"
import { GradientEngine, type GradientEngineOptions } from "../../../models/train/GradientEngine.ts"

export const openEngine = (options: GradientEngineOptions): GradientEngine => {
  const engine = new GradientEngine(options)
  onTestFinished(() => engine.release())
  return engine
}
