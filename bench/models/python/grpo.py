"""TRL's side of a GRPO step: its trainer with the shapes of ours, held between two steps.

    python grpo.py MODEL FOLDER THREADS PROMPTS.json SAMPLES NEW_TOKENS
"""

import json
import sys

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from turns import end_turn, next_turn, ready

folder, output, threads, file, samples, new_tokens = sys.argv[1:]
torch.set_num_threads(int(threads))
samples, new_tokens = int(samples), int(new_tokens)
with open(file) as rows:
    prompts = json.load(rows)
tokenizer = AutoTokenizer.from_pretrained(folder)
texts = [" ".join(tokenizer.convert_ids_to_tokens(ids)) for ids in prompts]
assert tokenizer(texts)["input_ids"] == prompts, "the tokenizer changes the prompts"


def reward(completions, **kwargs):
    """Different rewards within every group."""
    return [float(i % samples) for i in range(len(completions))]


class Turns(TrainerCallback):
    """Holds the trainer before every step."""

    def on_step_begin(self, args, state, control, **kwargs):
        if next_turn() is None:
            sys.exit(0)

    def on_step_end(self, args, state, control, **kwargs):
        end_turn(sampled=len(prompts) * samples)


linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
trainer = GRPOTrainer(
    model=folder,
    reward_funcs=reward,
    args=GRPOConfig(
        output_dir=output,
        use_cpu=True,
        bf16=False,
        model_init_kwargs={"dtype": "float32"},
        # all samples of a step in one backward pass take more than 24 GB at full size
        per_device_train_batch_size=samples,
        gradient_accumulation_steps=len(prompts),
        num_generations=samples,
        max_completion_length=new_tokens,
        temperature=1.0,
        beta=0.04,
        epsilon=0.2,
        loss_type="grpo",
        learning_rate=1e-6,
        lr_scheduler_type="constant",
        gradient_checkpointing=False,
        max_steps=1_000_000,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=1,
    ),
    train_dataset=Dataset.from_list([{"prompt": text} for text in texts]),
    processing_class=tokenizer,
    peft_config=LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=linears, task_type="CAUSAL_LM"),
    callbacks=[Turns()],
)
ready("torch", "transformers", "peft", "trl")
trainer.train()
