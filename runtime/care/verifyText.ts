/**
 * What verifying a cache found, as people read it: each damage with what it belongs to, and what to do next.
 */
import type { Damage } from "../../cache/care/Findings.ts"
import type { Verified } from "../../cache/care/verify.ts"
import { count, counted } from "../terminal/format.ts"
import type { Style } from "../terminal/style.ts"
import { visible, wrap } from "../terminal/text.ts"
import { bytesText } from "./amounts.ts"

/** Damage named one by one, at most. */
const named = 50

const doneTexts: { readonly [done in Damage["done"]]: string } = {
  nothing: "",
  quarantined: "; moved to quarantine/",
  removed: "; removed, it is derived",
  "in use": "; left, since its writer still runs: verify again once it has ended"
}

/** The names of blobs and logs are long: their beginning and end tell them apart. */
const shortPlace = (place: string): string =>
  place.replaceAll(/[0-9a-f]{38,64}/g, (digest) => `${digest.slice(0, 12)}…`)

const damageLines = (
  { belongsTo, done, found, kind, place }: Damage,
  width: number,
  style: Style
): ReadonlyArray<string> => {
  const owners = belongsTo.length === 0 ? "" : `: ${belongsTo.map(visible).join(", ")}`
  const [first = "", ...rest] = wrap(`damaged ${kind}${owners}`, width)
  return [
    style("bad", first),
    ...rest,
    ...wrap(`${shortPlace(visible(place))}: ${found}${doneTexts[done]}`, width - 2).map((line) => `  ${line}`)
  ]
}

const records: ReadonlySet<Damage["kind"]> = new Set(["run record", "event log", "pin"])

const nextText = (damage: ReadonlyArray<Damage>, quarantined: boolean): ReadonlyArray<string> => {
  if (damage.length === 0) return []
  if (!quarantined) {
    return ["`pipeline verify --quarantine` puts what is damaged out of the way; runs then make it again"]
  }
  const [lost, mended] = [
    damage.filter(({ kind }) => records.has(kind)),
    damage.filter(({ kind }) => !records.has(kind))
  ]
  return [
    ...(mended.length > 0 ? ["results and rows that were damaged are made again by the next run that needs them"] : []),
    ...(lost.length > 0
      ? ["records, logs and pins are not: pin again what a damaged pin or record kept, before the next gc"]
      : [])
  ]
}

export interface VerifyTextOptions {
  readonly width: number
  readonly style: Style
  readonly quarantine: boolean
}

export const verifyText = ({ bytes, damage, files, missing }: Verified, options: VerifyTextOptions): string => {
  const { quarantine, style, width } = options
  const checked = `${counted(files, "file")} and ${bytesText(bytes)} checked`
  const verdict = damage.length === 0 ? `${checked}: all as written` : `${checked}: ${count(damage.length)} damaged`
  const lost = missing.length === 0
    ? ""
    : `without their bytes here, collected or lost: ${missing.slice(0, 8).join(", ")}${
      missing.length > 8 ? ` and ${missing.length - 8} more` : ""
    }; a run that needs them makes them again`
  return [
    ...damage.slice(0, named).flatMap((each) => damageLines(each, width, style)),
    ...(damage.length > named ? [`… and ${count(damage.length - named)} more; --json has all`] : []),
    ...wrap(verdict, width).map((line) => style(damage.length === 0 ? "good" : "strong", line)),
    ...[...(lost === "" ? [] : [lost]), ...nextText(damage, quarantine)].flatMap((text) => wrap(text, width))
  ].join("\n")
}
