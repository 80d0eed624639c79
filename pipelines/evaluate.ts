/** What is measured of a policy, the same for every arm: answers, judgements, verification, and their counts. */
import { judge, secondJudge } from "../nodes/judge.ts"
import { judgeAgreement } from "../nodes/judgeAgreement.ts"
import { loadVerificationItems } from "../nodes/loadPrompts.ts"
import { pairs } from "../nodes/pairs.ts"
import { passAt } from "../nodes/passAt.ts"
import { rollout } from "../nodes/rollout.ts"
import { route, routePrompts } from "../nodes/route.ts"
import { sample } from "../nodes/sample.ts"
import { score } from "../nodes/score.ts"
import type { SpecClause } from "../nodes/tables.ts"
import { verify } from "../nodes/verify.ts"
import type { Ref } from "../runtime/Ref.ts"
import type { Row, Rows } from "../runtime/Type.ts"
import type { Config } from "./settings.ts"
import { evaluationPrompts, type Policy, verificationTemplate } from "./stages.ts"

type Spec<S> = Ref<Rows<Row<typeof SpecClause.columns>>, S>

const judging = ({ evaluation, mathsRule, scope }: Config) => ({
  scope,
  selfCheckMarker: evaluation.selfCheckMarker,
  strictBox: mathsRule === "box"
})

/** Everything measured of one policy, as counts. `arm` names it in labels and scores. */
export const evaluate = <R, S>(arm: string, config: Config, policy: Policy<R>, spec: Spec<S>) => {
  const { gold, mathsPerPrompt, maxNewTokens, passAt: k, temperature, topK, topP, verificationItems } =
    config.evaluation
  const sampling = { temperature, topP, topK, maxNewTokens }
  const asked = evaluationPrompts(config)
  const draws = sample.as("evaluationSamples")({ prompts: asked }, { perPrompt: 1, perMathsPrompt: mathsPerPrompt })
  const answers = rollout.as(`answers:${arm}`)({ rows: draws, policy }, {
    sampling,
    system: config.system,
    reasoningEnd: config.reasoningEnd,
    seed: config.seeds.train
  })
  const routes = route.as(`routes:${arm}`)({ rows: answers })
  const judgements = judge.as(`judgements:${arm}`)({ rows: routes, spec }, judging(config))
  const items = loadVerificationItems({}, { set: "verification", limit: verificationItems, seed: config.seeds.data })
  const verifications = verify.as(`verifications:${arm}`)({ rows: items, policy, spec }, {
    sampling,
    template: verificationTemplate(config),
    gold,
    seed: config.seeds.train
  })
  return {
    answers,
    routes,
    judgements,
    verifications,
    scores: score.as(`scores:${arm}`)({
      judgements,
      verifications,
      prompts: routePrompts.as("evaluationRoutes")({ rows: asked })
    }, { arm }),
    passAt: passAt.as(`passAt:${arm}`)({ judgements }, { arm, k })
  }
}

type Evaluated<R, S> = ReturnType<typeof evaluate<R, S>>

/** Prompts on which an arm and the base differ. */
export const pairsWith = <R, S, T, U>(arm: string, one: Evaluated<R, S>, base: Evaluated<T, U>) =>
  pairs.as(`pairs:${arm}`)({ one: one.judgements, base: base.judgements }, { arm })

/** The same answers under a second judge, and how far the two agree. */
export const judgedTwice = <R, S, T>(
  arm: string,
  config: Config,
  { judgements, routes }: Evaluated<R, S>,
  spec: Spec<T>
) =>
  judgeAgreement.as(`agreement:${arm}`)({
    first: judgements,
    second: secondJudge.as(`secondJudgements:${arm}`)({ rows: routes, spec }, judging(config))
  }, { arm })
