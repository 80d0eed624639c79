"""Hugging Face's side of decoding: `generate`, greedy. Prefill and the first two tokens are not metered.

    python decode.py MODEL THREADS
"""

import sys

import torch
from transformers import AutoModelForCausalLM, StoppingCriteria, StoppingCriteriaList

from turns import end_turn, next_turn, ready, start_meter

folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


class AfterTwo(StoppingCriteria):
    """Starts the meter when two tokens are there; stops nothing."""

    def __init__(self):
        self.tokens = 0

    def __call__(self, ids, scores, **kwargs):
        self.tokens += 1
        if self.tokens == 2:
            start_meter()
        return torch.zeros(ids.shape[0], dtype=torch.bool)


ready("torch", "transformers")
while (request := next_turn()) is not None:
    prompts = torch.tensor(request["prompts"])
    with torch.inference_mode():
        output = model.generate(
            input_ids=prompts,
            attention_mask=torch.ones_like(prompts),
            max_new_tokens=request["newTokens"],
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([AfterTwo()]),
        )
    end_turn(tokens=output[:, prompts.shape[1] :].flatten().tolist())
