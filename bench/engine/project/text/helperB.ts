/**
 * The second of two helpers: two calls away from the node, in another file.
 */
export const helperB = (): number => {
  // a comment that may change
  const addend = 1
  return addend
}
