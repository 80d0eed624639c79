/**
 * Every value a run was made with and where it comes from, as Markdown: those that stand as the pipeline declares them
 * in a list per label, those that do not in a table beside what is declared.
 */
import { markdownCode, markdownTable, markdownText } from "./markdownTable.ts"
import type { ConfigValue, Provenance, Setting } from "./ReportInput.ts"

const longest = 160

const labels: ReadonlyArray<Provenance> = ["paper", "note", "sister", "ours"]

/** JSON with sorted names, so that equal settings are equal texts. */
const canonical = (value: Setting): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  const fields = value as { readonly [name: string]: Setting }
  const names = Object.keys(fields).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(fields[name]!)}`).join(",")}}`
}

/** Words as they are; what white space would make unreadable as JSON. */
const plain = /^\S+(?: \S+)*$/u

const shown = (value: Setting): string => {
  const text = typeof value === "string" && plain.test(value) ? value : canonical(value)
  return text.length <= longest
    ? markdownCode(text)
    : `${markdownCode(`${text.slice(0, longest)}…`)} (${text.length} characters)`
}

const differs = ({ declared, value }: ConfigValue): boolean =>
  declared !== undefined && canonical(declared.value) !== canonical(value)

const listOf = (label: Provenance, entries: ReadonlyArray<ConfigValue>): ReadonlyArray<string> =>
  entries.length === 0
    ? []
    : [`- **${label}** (${entries.length}): ${
      entries.map(({ name, value }) => `${markdownText(name)} ${shown(value)}`).join(", ")
    }`]

/** The section `Configuration`, in the order given. A value that is not the declared one is ours, whatever its label. */
export const configSection = (config: ReadonlyArray<ConfigValue>): string => {
  const changed = config.filter(differs)
  const standing = config.filter((entry) => !differs(entry))
  return [
    "## Configuration",
    "Labels: *paper*, stated there; *note*, from a reading note of the paper; *sister*, from other code of its authors; "
    + "*ours*, chosen here.",
    ...(changed.length === 0 ? [] : [
      `${changed.length} of ${config.length} values are not those the pipeline declares; all of these are *ours*, the `
      + "last column is the label of the declared one:",
      markdownTable(
        [{ header: "setting" }, { header: "value" }, { header: "declared" }, { header: "label" }],
        changed.map(({ declared, name, value }) => [
          markdownText(name),
          shown(value),
          shown(declared!.value),
          declared!.from
        ])
      )
    ]),
    ...(standing.length === 0 ? [] : [
      `${standing.length} of ${config.length} values stand as declared:`,
      labels.flatMap((label) => listOf(label, standing.filter(({ from }) => from === label))).join("\n")
    ])
  ].join("\n\n")
}
