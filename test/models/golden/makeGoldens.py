"""Computes the values that test/models compares with, in float64: see makeGoldens.ts for how to run it.

Writes llama.json (losses, log-probabilities, gradients, greedy tokens, adapted logits), rope.json (rotary frequencies)
and the adapter folder that PEFT itself writes, beside this file.
"""

import base64
import json
import os
import shutil
import sys

import numpy
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2

folder = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
torch.set_default_dtype(torch.float64)


def float64_norm(self, x):
    """RMSNorm without transformers' rounding to float32."""
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


modeling_llama.LlamaRMSNorm.forward = float64_norm
modeling_qwen2.Qwen2RMSNorm.forward = float64_norm


def load(name):
    model = AutoModelForCausalLM.from_pretrained(
        os.path.join(folder, name), dtype=torch.float64, attn_implementation="sdpa"
    )
    # else the embedding of the padding token, which these rows contain, would get no gradient
    model.get_input_embeddings().padding_idx = None
    return model


def logits_of(model, ids):
    return model(input_ids=torch.tensor([ids])).logits[0]


def target_logprobs(model, row):
    start = row["targetFrom"]
    logprobs = torch.log_softmax(logits_of(model, row["ids"]), -1)[start - 1 : -1]
    return logprobs.gather(1, torch.tensor(row["ids"][start:])[:, None])[:, 0]


def cross_entropy(logprobs, row, _):
    return -(row["weight"] * logprobs).sum()


def policy_loss(logprobs, row, loss):
    """The clipped objective and k3 term as in verl 0.9.1's core_algos.py."""
    advantage = row["advantage"]
    ratio = torch.exp((logprobs - torch.tensor(row["oldLogprobs"])).clamp(-20, 20))
    clipped = ratio.clamp(1 - loss["clipLow"], 1 + loss["clipHigh"])
    tokens = torch.maximum(-advantage * ratio, -advantage * clipped)
    if advantage < 0:
        tokens = torch.minimum(tokens, torch.full_like(tokens, -advantage * loss["dualClip"]))
    d = (torch.tensor(row["referenceLogprobs"]) - logprobs).clamp(-20, 20)
    k3 = (torch.exp(d) - d - 1).clamp(-10, 10)
    changed = ((ratio != clipped) & ((advantage > 0) == (ratio > clipped))).sum().item()
    return (row["weight"] * (tokens + loss["klCoefficient"] * k3)).sum(), changed


def packed(tensor):
    """Little-endian float32 in base64."""
    return base64.b64encode(tensor.detach().to(torch.float32).numpy().astype("<f4").tobytes()).decode()


def run(model, parameters, batch, kind):
    """Loss and gradients of all rows by parameter name."""
    model.zero_grad()
    total, clipped = 0.0, 0
    for row in batch["rollouts"]:
        logprobs = target_logprobs(model, row)
        if kind == "ce":
            loss = cross_entropy(logprobs, row, None)
        else:
            loss, changed = policy_loss(logprobs, row, batch["loss"])
            clipped += changed
        loss.backward()
        total += loss.item()
    gradients = {name: packed(parameter.grad) for name, parameter in parameters.items()}
    return {"loss": total, "clippedTokens": clipped, "gradients": gradients}


def greedy(model, prompt, count):
    ids, logprobs = list(prompt), []
    with torch.no_grad():
        for _ in range(count):
            distribution = torch.log_softmax(logits_of(model, ids)[-1], -1)
            ids.append(int(distribution.argmax()))
            logprobs.append(float(distribution.max()))
    return {"prompt": prompt, "ids": ids[len(prompt) :], "logprobs": logprobs}


def model_case(name, batch):
    model = load(name)
    case = {
        "greedy": [greedy(model, prompt, 24) for prompt in batch["prompts"]],
        "logprobs": [target_logprobs(model, row).tolist() for row in batch["rollouts"]],
        "full": {kind: run(model, dict(model.named_parameters()), batch, kind) for kind in ("ce", "grpo")},
    }
    adapted = PeftModel.from_pretrained(load(name), os.path.join(folder, f"{name}.adapter"), is_trainable=True)
    adapted = adapted.to(torch.float64)
    named = {
        parameter_name.replace("base_model.model.", "").replace(".default.", "."): parameter
        for parameter_name, parameter in adapted.named_parameters()
        if parameter.requires_grad
    }
    case["lora"] = {kind: run(adapted, named, batch, kind) for kind in ("ce", "grpo")}
    case["adaptedLogprobs"] = [target_logprobs(adapted, row).tolist() for row in batch["rollouts"]]
    return case


def peft_adapter(batch):
    """An adapter as PEFT writes it, on some of the maps, with rsLoRA's scale and a B that is not zero."""
    torch.manual_seed(3)
    config = LoraConfig(
        r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True, lora_dropout=0.1
    )
    model = get_peft_model(load("qwen"), config)
    for parameter_name, parameter in model.named_parameters():
        if "lora_" in parameter_name:
            parameter.data = torch.randn_like(parameter).float().double() * 0.3
    model.eval()
    logprobs = [target_logprobs(model, row).tolist() for row in batch["rollouts"]]
    to = os.path.join(here, "peftAdapter")
    shutil.rmtree(to, ignore_errors=True)
    model.float().save_pretrained(to)
    os.remove(os.path.join(to, "README.md"))
    path = os.path.join(to, "adapter_config.json")
    with open(path) as file:
        saved = json.load(file)
    saved["base_model_name_or_path"] = "base"
    with open(path, "w") as file:
        json.dump(saved, file, indent=2, sort_keys=True)
    return {"logprobs": logprobs}


def rope_case(head_dim, theta, scaling):
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 2 * head_dim,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 64,
        "vocab_size": 100,
        "max_position_embeddings": 131072,
        "rope_theta": theta,
        "rope_scaling": scaling,
    }
    torch.set_default_dtype(torch.float32)
    frequencies = modeling_llama.LlamaRotaryEmbedding(LlamaConfig(**{k: v for k, v in config.items() if v})).inv_freq
    torch.set_default_dtype(torch.float64)
    assert frequencies.dtype == torch.float32
    return {"config": config, "inverseFrequencies": [float(value) for value in frequencies]}


def write(name, values):
    with open(os.path.join(here, name), "w") as file:
        json.dump(values, file)
        file.write("\n")


with open(os.path.join(folder, "batch.json")) as file:
    batch = json.load(file)
source = f"torch {torch.__version__}, float64; transformers, peft: makeGoldens.py"
cases = {name: model_case(name, batch) for name in batch["models"]}
write("llama.json", {"source": source, "models": cases, "peftAdapter": peft_adapter(batch)})
llama3 = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
write(
    "rope.json",
    {
        "source": source,
        "cases": [
            rope_case(64, 10000.0, None),
            rope_case(128, 500000.0, {**llama3, "factor": 8.0}),
            rope_case(64, 500000.0, {**llama3, "factor": 32.0}),
        ],
    },
)
