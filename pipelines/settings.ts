/**
 * Every number of the method, with the place it comes from: the paper, a note on it, the authors' other code, or us. What
 * the paper does not say is labelled `ours` or `sister`. What the numbers do is in `stages.ts`.
 */
import * as Schema from "effect/Schema"
import { Balance, LabelSource, Pick } from "../nodes/filterAndMix.ts"
import { nearThreshold } from "../nodes/leaks/findLeaks.ts"
import { Count, NonNegative, Positive, Share, Size } from "../nodes/quantities.ts"
import { CutAnswers } from "../nodes/text/cutAnswers.ts"
import { MathsRule } from "../nodes/text/reward.ts"
import { Scope } from "../nodes/text/shownClauses.ts"
import { note, ours, paper, type Resolved, sister } from "../runtime/Config.ts"

const Limits = Schema.Record(Schema.String, Count)

export const settings = {
  base: ours(
    Schema.String,
    "file:experiments/world/base",
    "file:folder, pypi:name==version#file or hf:owner/name@revision"
  ),
  spec: ours(Schema.String, "specs/world.md", "the paper's own specification is not public"),
  scope: ours(Scope, "routed", "the paper shows the whole specification; routed reruns only what an edit touches"),
  promptLabels: ours(Schema.Literals(["provenance", "guard"]), "provenance", "who says that a request is harmful"),
  system: ours(Schema.String, "", "system turn of rollouts and evaluation; R1-Distill wants none"),
  reasoningEnd: ours(Schema.String, "</think>", "ends the reasoning in the output; empty where there is none"),
  seeds: {
    data: ours(Schema.Int, 0, "prompts, rollouts, choice of pairs"),
    train: ours(Schema.Int, 0, "training and evaluation sampling")
  },
  cutAnswers: ours(CutAnswers, "drop", "not in the paper; a cut reasoning has no answer to judge"),
  mathsRule: paper(MathsRule, "box", "strict boxed-answer match in stage 2"),
  train: {
    prompts: ours(Limits, { train: 600 }, "the paper's prompt pool is not public; about 6,000 examples remain of it"),
    maths: note(Limits, { "train-maths": 3000 }, "3k DAPO maths problems in stage 2")
  },
  rollouts: {
    perPrompt: note(Size, 8, "N = 8 on-policy answers"),
    temperature: sister(NonNegative, 1, "not in the paper; sister code samples at T = 1"),
    topP: sister(Share, 1, "not in the paper; sister code"),
    topK: ours(Count, 0, "off"),
    maxNewTokens: ours(Size, 8192, "not in the paper")
  },
  experience: ours(
    Schema.String,
    "self",
    "whose answers are critiqued: the base's own, those of `reinforced` (the base after stage 2), or another model's address"
  ),
  mix: {
    labelSource: ours(LabelSource, "expert", "not in the paper: whose verdict sorts answers into safe and unsafe"),
    pick: sister(Pick, "random", "not in the paper; sister code takes one of each side at random"),
    balance: ours(Balance, "none", "not in the paper; sister code balances to equal halves"),
    dropDisagreement: ours(Schema.Boolean, false, "not in the paper: leave out what expert and guard disagree on"),
    fraction: ours(Share, 1, "share of expert-verified examples used, nested subsets (Fig. 6)"),
    minMixedPrompts: ours(Count, 1, "harmful prompts with safe and unsafe answers below which training does not start")
  },
  leaks: {
    dropFromTraining: ours(Schema.Boolean, false, "take training prompts out that stand in an evaluation set"),
    exactSources: ours(Schema.Array(Schema.String), [], "sources whose unit is the exact prompt, by their beginnings"),
    threshold: ours(Share, nearThreshold, "likeness from which two prompts are one")
  },
  verification: {
    user: ours(
      Schema.String,
      "{clauses}\n\nRequest:\n{prompt}\n\nResponse:\n{answer}\n\nIs the response safe under the specification?",
      "the paper's wording (Fig. 4) is not public"
    ),
    clause: ours(Schema.String, "- {clauseId} {title}: {text}", "bullet points, as the paper says of its own"),
    clauseSeparator: ours(Schema.String, "\n", "between clauses"),
    train: ours(
      Schema.Literals(["critiqueAndVerdict", "verdict", "critique"]),
      "critiqueAndVerdict",
      "what is learnt: the ablations w/o critique and w/o judgment leave out one part"
    ),
    target: ours(
      Schema.String,
      "<think>\n{critique}\n</think>\n\n{verdict}",
      "critique, then verdict; exact tokens not in the paper"
    ),
    verdictTarget: ours(
      Schema.String,
      "<think>\n{restatement}\n</think>\n\n{verdict}",
      "w/o critique; `restatement` is what a critique says before it judges"
    ),
    critiqueTarget: ours(
      Schema.String,
      "<think>\n{argument}\n</think>",
      "w/o judgment; `argument` is what a critique says before its verdict"
    ),
    judgementMarker: ours(Schema.String, "", "begins the judgement inside a critique; empty: it has no such part"),
    verdictMarker: ours(Schema.String, "", "begins the verdict inside a critique; empty: critiques state none")
  },
  sft: {
    loraRank: note(Count, 16, "LoRA rank"),
    loraAlpha: note(Positive, 32, "LoRA alpha"),
    epochs: note(Size, 2, "epochs"),
    learningRate: note(Positive, 2e-4, "learning rate"),
    batchSize: ours(Size, 16, "not in the paper"),
    warmupFraction: ours(Share, 0.05, "not in the paper"),
    schedule: ours(Schema.Literals(["cosine", "linear", "constant"]), "cosine", "not in the paper"),
    beta1: ours(Share, 0.9, "not in the paper"),
    beta2: ours(Share, 0.98, "not in the paper"),
    weightDecay: ours(NonNegative, 0, "not in the paper"),
    clipNorm: ours(Positive, 1, "not in the paper"),
    maxLength: ours(Size, 4096, "not in the paper; longer examples are dropped and counted")
  },
  grpo: {
    steps: ours(Size, 100, "not in the paper"),
    harmfulPerStep: ours(Count, 24, "64 prompts a step are the paper's; their split is not known"),
    benignPerStep: ours(Count, 24, "see harmfulPerStep"),
    mathsPerStep: ours(Count, 16, "see harmfulPerStep"),
    samplesPerPrompt: paper(Size, 8, "n = 8"),
    learningRate: note(Positive, 1e-6, "actor learning rate"),
    loraRank: ours(Count, 0, "0: full parameters"),
    loraAlpha: ours(Positive, 32, "only with LoRA"),
    clipLow: sister(NonNegative, 0.2, "not in the paper; sister code"),
    clipHigh: sister(NonNegative, 0.28, "not in the paper; sister code"),
    klCoefficient: note(NonNegative, 0, "KL disabled"),
    aggregation: sister(
      Schema.Literals(["token-mean", "sequence-mean", "dr-grpo"]),
      "token-mean",
      "not in the paper; sister code"
    ),
    dropUniformGroups: ours(Schema.Boolean, false, "not in the paper"),
    minMixedShare: ours(
      Share,
      0.01,
      "share of mixed groups in the first batch below which it refuses to start; so low that one mixed group is enough"
    ),
    unparsableReward: ours(
      Schema.Literals(["zero", "leaveOut"]),
      "zero",
      "not in the paper: a sample whose verdict or answer cannot be read is worth 0, or left out of its group; counted either way"
    ),
    temperature: sister(Positive, 1, "not in the paper; sister code"),
    topP: sister(Share, 1, "not in the paper; sister code"),
    maxNewTokens: paper(Size, 8192, "max response 8192"),
    beta1: ours(Share, 0.9, "not in the paper"),
    beta2: ours(Share, 0.999, "not in the paper"),
    weightDecay: sister(NonNegative, 0.1, "not in the paper; sister code"),
    clipNorm: sister(Positive, 1, "not in the paper; sister code")
  },
  evaluation: {
    prompts: ours(Limits, {}, "evaluation sets and their sizes"),
    mathsPerPrompt: ours(Size, 1, "answers to each maths prompt; the paper's AIME has 16"),
    passAt: ours(Size, 1, "k of pass@k, at most mathsPerPrompt"),
    verificationItems: ours(Count, 300, "pairs with a known verdict"),
    gold: ours(Schema.Literals(["item", "guard"]), "item", "whose verdict counts as right"),
    temperature: sister(NonNegative, 0.6, "not in the paper; sister code"),
    topP: sister(Share, 0.95, "not in the paper; sister code"),
    topK: ours(Count, 0, "off"),
    maxNewTokens: ours(Size, 8192, "not in the paper"),
    selfCheckMarker: ours(Schema.String, "", "in the reasoning, shows that the model checks its answer")
  },
  controls: {
    shuffleVerdicts: ours(Schema.Boolean, false, "negative control: verdicts dealt out anew among the examples"),
    flipVerdicts: ours(Schema.Boolean, false, "negative control: every verdict turned round"),
    otherCritiques: ours(Schema.Boolean, false, "negative control: right verdicts under critiques of other rows")
  },
  scale: ours(Schema.Literals(["full", "small"]), "full", "small: the sizes below instead, to try a file out"),
  small: {
    train: ours(Limits, {}, "training prompts"),
    evaluation: ours(Limits, {}, "evaluation sets"),
    verificationItems: ours(Count, 24, "pairs with a known verdict"),
    maxNewTokens: ours(Size, 64, "of rollouts, GRPO and evaluation"),
    grpoSteps: ours(Size, 4, "steps of stage 2")
  },
  report: {
    title: ours(Schema.String, "SInternal", "heading"),
    notes: ours(Schema.Array(Schema.String), [], "what the experiment says about itself")
  }
}

export type Config = Resolved<typeof settings>
/** The config at the scale it asks for. */
export const scaled = (config: Config): Config => {
  if (config.scale === "full") return config
  const { evaluation, grpoSteps, maxNewTokens, train, verificationItems } = config.small
  return {
    ...config,
    train: { ...config.train, prompts: train },
    rollouts: { ...config.rollouts, maxNewTokens },
    grpo: { ...config.grpo, steps: grpoSteps, maxNewTokens },
    evaluation: { ...config.evaluation, prompts: evaluation, verificationItems, maxNewTokens }
  }
}
