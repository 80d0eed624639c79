"""PyTorch's side of a LoRA step: eager PyTorch and peft, as their documentation shows.

    python lora.py MODEL THREADS ROWS.json recompute|keep
"""

import json
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from turns import end_turn, next_turn, ready

folder, threads, file, memory = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
model.config.use_cache = False
if memory == "recompute":
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=linears))
model.train()
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01)
with open(file) as rows:
    ids = torch.tensor(json.load(rows))
mask = torch.ones_like(ids)

ready("torch", "transformers", "peft")
while next_turn() is not None:
    loss = model(input_ids=ids, attention_mask=mask, labels=ids).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    end_turn(loss=loss.item(), gradNorm=norm.item())
