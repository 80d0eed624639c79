/** Every value a run was made with, where it comes from, and what the paper has instead, as Markdown. */
import { markdownCode, markdownTable, markdownText } from "./markdownTable.ts"
import type { ConfigValue, Provenance, Setting } from "./ReportInput.ts"

const longest = 160

/** JSON with sorted names, so that equal settings are equal texts. */
const canonical = (value: Setting): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  const fields = value as { readonly [name: string]: Setting }
  const names = Object.keys(fields).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(fields[name]!)}`).join(",")}}`
}

const shown = (value: Setting): string => {
  const text = typeof value === "string" ? value : canonical(value)
  return text.length <= longest
    ? markdownCode(text)
    : `${markdownCode(`${text.slice(0, longest)}…`)} (${text.length} characters)`
}

const differs = ({ paper, value }: ConfigValue) => paper !== undefined && canonical(paper) !== canonical(value)

/** A value that no longer is what the paper states is ours, whatever it was labelled. */
const provenance = (entry: ConfigValue): Provenance => entry.from === "paper" && differs(entry) ? "ours" : entry.from

/** The section `Configuration`: one row per value, in the order given. */
export const configSection = (config: ReadonlyArray<ConfigValue>): string => {
  const labels = config.map(provenance)
  const tally = (["paper", "note", "sister", "ours"] as const)
    .map((label) => `${labels.filter((other) => other === label).length} ${label}`)
  return [
    "## Configuration",
    `Of ${config.length} values: ${tally.join(", ")}. paper: stated there; note: from a reading note of the paper; `
    + "sister: from other code of its authors; ours: chosen here. The last column is the paper's value where it "
    + "differs.",
    markdownTable(
      [{ header: "setting" }, { header: "value" }, { header: "from" }, { header: "paper" }],
      config.map((entry, i) => [
        markdownText(entry.name),
        shown(entry.value),
        labels[i]!,
        entry.paper === undefined ? "not stated" : differs(entry) ? shown(entry.paper) : "same"
      ])
    )
  ].join("\n\n")
}
