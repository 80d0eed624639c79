/**
 * The first of two helpers: one call away from the node that needs it.
 */
import { helperB } from "./helperB.ts"

export const helperA = (): number => helperB()
