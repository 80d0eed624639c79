/**
 * Text templates with named slots, `{clauses}`: the way a pipeline's config says how prompts and targets are written,
 * so that wording is a parameter with a label and a place in the key, not code.
 */

/** Fills every slot. Throws a `TypeError` that names a slot nobody fills. Braces in the values stay as they are. */
export const fillTemplate = (template: string, slots: { readonly [name: string]: string }): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = slots[name]
    if (value === undefined) {
      throw new TypeError(`the template "${template}" has a slot {${name}}; known: ${Object.keys(slots).join(", ")}`)
    }
    return value
  })
