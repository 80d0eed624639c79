/**
 * What an inner node of the graph makes of its two parents.
 */
export const combine = (a: number, b: number, s: number): number => (31 * a + 17 * b + s) % 1_000_000_007
