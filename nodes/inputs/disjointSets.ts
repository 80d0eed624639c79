/** Disjoint sets over the indices of a list: which items belong together, directly or through others. */

export interface DisjointSets {
  readonly join: (a: number, b: number) => void
  /** The smallest index of the set that `i` is in. */
  readonly first: (i: number) => number
}

/** `size` sets of one index each. */
export const makeDisjointSets = (size: number): DisjointSets => {
  const parents = Int32Array.from({ length: size }, (_, i) => i)
  const first = (i: number): number => {
    let root = i
    while (parents[root] !== root) root = parents[root]!
    for (let at = i; at !== root;) {
      const next = parents[at]!
      parents[at] = root
      at = next
    }
    return root
  }
  return {
    first,
    join: (a, b) => {
      const [x, y] = [first(a), first(b)]
      parents[Math.max(x, y)] = Math.min(x, y)
    }
  }
}
