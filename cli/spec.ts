/** `pipeline spec check | diff`: a specification looked over, and what an edit of it means; each is in `spec/`. */
import * as Command from "effect/cli/Command"
import { check } from "./spec/check.ts"
import { diff } from "./spec/diff.ts"

export const spec = Command.make("spec").pipe(
  Command.withDescription("check a specification, or say what an edit of it means"),
  Command.withSubcommands([check, diff])
)
