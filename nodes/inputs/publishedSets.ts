/**
 * Public prompt sets in the layouts they are published in: which column holds what, under which licence, and what that
 * licence forbids. The files are the user's own, fetched under the user's own acceptance; no text of them is here. Columns
 * and licences as of the sets' cards; a file of another layout is refused with the columns it has.
 */
import { PromptsInvalid } from "../service/PromptSource.ts"
import type { PromptColumns } from "./filePromptSet.ts"

export interface PublishedSet {
  readonly columns: PromptColumns
  readonly licence: string
  readonly from: string
  /** What the licence or the card allows. */
  readonly allows: ReadonlyArray<"training" | "evaluation">
  /** Fetched behind a form, or under terms that must be accepted in the experiment. */
  readonly mustAccept: boolean
}

const everywhere = ["training", "evaluation"] as const
const boxed = "\n\nPut the final answer in \\boxed{}."

/** The sets by name. */
export const publishedSets = {
  wildJailbreak: {
    columns: {
      prompt: "adversarial",
      label: { column: "data_type", words: { adversarial_harmful: "harmful", adversarial_benign: "benign" } }
    },
    licence: "ODC-BY, behind AI2's responsible-use form",
    from: "huggingface.co/datasets/allenai/wildjailbreak, config eval",
    allows: everywhere,
    mustAccept: true
  },
  fortress: {
    columns: {
      prompt: "adversarial_prompt",
      label: { always: "harmful" },
      topic: "risk_subdomain",
      family: "risk_domain"
    },
    licence: "CC-BY-4.0; its card: safety evaluation only, no adversarial training",
    from: "huggingface.co/datasets/ScaleAI/fortress_public",
    allows: ["evaluation"],
    mustAccept: true
  },
  fortressBenign: {
    columns: { prompt: "benign_prompt", label: { always: "benign" }, topic: "risk_subdomain", family: "risk_domain" },
    licence: "CC-BY-4.0; its card: safety evaluation only",
    from: "huggingface.co/datasets/ScaleAI/fortress_public",
    allows: ["evaluation"],
    mustAccept: true
  },
  strongReject: {
    columns: { prompt: "forbidden_prompt", label: { always: "harmful" }, topic: "category", family: "source" },
    licence: "MIT; some rows from sources with terms of their own",
    from: "github.com/alexandrasouly/strongreject, strongreject_dataset.csv",
    allows: everywhere,
    mustAccept: false
  },
  xsTestSafe: {
    columns: { prompt: "prompt", label: { column: "label", words: { safe: "benign" } }, topic: "type" },
    licence: "CC-BY-4.0",
    from: "github.com/paul-rottger/xstest, xstest_prompts.csv",
    allows: everywhere,
    mustAccept: false
  },
  hCoT: {
    columns: { prompt: "prompt", label: { always: "harmful" } },
    licence: "CC BY-NC-SA 4.0: not commercially, and derivatives alike",
    from: "github.com/dukeceicenter/jailbreak-reasoning-openai-o1o3-deepseek-r1",
    allows: ["evaluation"],
    mustAccept: true
  },
  math500: {
    columns: {
      prompt: "problem",
      label: { always: "maths" },
      topic: "unique_id",
      family: "subject",
      reference: "answer",
      after: boxed
    },
    licence: "MIT",
    from: "github.com/openai/prm800k, math_splits/test.jsonl",
    allows: ["evaluation"], // training on it would void the measurement
    mustAccept: false
  },
  aime2024: {
    columns: { prompt: "problem", label: { always: "maths" }, reference: "answer", after: boxed },
    licence: "not stated",
    from: "github.com/UCSC-VLAA/STAR-1, benchmark/reasoning_benchmark/datasets/AIME/test.jsonl",
    allows: ["evaluation"],
    mustAccept: false
  },
  dapoMath: {
    columns: {
      prompt: "prompt.0.content",
      label: { always: "maths" },
      reference: "reward_model.ground_truth",
      // its prompts ask for another form than the box that is rewarded
      without: [
        "Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.",
        "Remember to put your answer on its own line after \"Answer:\"."
      ],
      after: boxed
    },
    licence: "see its card",
    from: "huggingface.co/datasets/BytedTsinghua-SIA/DAPO-Math-17k",
    allows: everywhere,
    mustAccept: false
  }
} as const satisfies { readonly [name: string]: PublishedSet }

export type PublishedName = keyof typeof publishedSets

/**
 * A published set in the user's file, for one use. Throws `PromptsInvalid` for a use its licence forbids, and for terms that
 * the experiment does not say it accepts.
 */
export const publishedSet = (
  name: PublishedName,
  file: string,
  { acceptLicence = false, use }: { readonly use: "training" | "evaluation"; readonly acceptLicence?: boolean }
): { readonly file: string; readonly columns: PromptColumns } => {
  const set: PublishedSet = publishedSets[name]
  if (!set.allows.includes(use)) {
    throw new PromptsInvalid({
      source: `${name} (${set.from})`,
      reason: `it may not be used for ${use}: ${set.licence}`,
      next: `use it for ${set.allows.join(" or ")}, and another set here`
    })
  }
  if (set.mustAccept && !acceptLicence) {
    throw new PromptsInvalid({
      source: `${name} (${set.from})`,
      reason: `its terms are not accepted: ${set.licence}`,
      next: "read them, and write `acceptLicence: true` for this set in the experiment if you accept them"
    })
  }
  return { file, columns: set.columns }
}
