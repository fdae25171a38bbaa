"""A decoder that learns to tell the next token of the training texts, then their class.

References
----------
A. Radford, K. Narasimhan, T. Salimans, I. Sutskever, "Improving language understanding by
generative pre-training", 2018: pre-train, then fine-tune with a head on the last token.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from torch.nn import functional

from assay.encoders.decoder_shape import DecoderShape
from assay.encoders.examples import Examples
from assay.encoders.fine_tuning import (
    MOST_GRADIENT,
    Progress,
    batches,
    fitted_to_classes,
    rising_then_falling,
)
from assay.encoders.modules import TextModel, TextModule, tokenised
from assay.encoders.shape import TextShape
from assay.networks.devices import check_device, this_machine
from assay.networks.repeatable import repeatable

MARKS = ("[PAD]", "[BEGIN]", "[END]")


class DecoderModule(TextModule):
    """Decoder, what it holds at the last token, a linear layer: logits of the classes."""

    def pooled(self, input_ids: Any, attention_mask: Any) -> Any:  # noqa: ANN401 # tensors
        """Return one vector a text; a token sees none after it, so no padding."""
        found = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, use_cache=False
        ).last_hidden_state
        n_tokens = attention_mask.sum(dim=1, keepdim=True)
        is_last = attention_mask * (attention_mask.cumsum(dim=1) == n_tokens)
        return (found * is_last[:, :, None].to(found.dtype)).sum(dim=1)


def decoder_tuned(
    examples: Examples,
    folder: str | None,
    made: DecoderShape,
    shape: TextShape,
    *,
    seed: int,
    progress: Progress | None = None,
) -> TextModel:
    """Pre-train a decoder on the texts of examples, then fit it to their classes.

    Parameters
    ----------
    examples : Examples
        Training texts; nothing else is read.
    folder : str or None
        Of a causal language model with its ``tokenizer.json``, which goes on from its
        weights; None makes a new one, tokenizer included.
    made, shape : DecoderShape, TextShape
        How.
    seed : int
        Of first weights, order of texts and dropout.
    progress : callable, optional
        Called with the stage and the share of it that is done.

    Raises
    ------
    DeviceError
        If the device that is asked for is not there.
    """
    if shape.device == "cuda":
        check_device(this_machine())
    with repeatable(seed, shape.device):
        tokenizer, model = (
            _new(examples, made, shape) if folder is None else _read(folder)
        )
        tokenizer.enable_truncation(shape.most_tokens)
        tokenizer.enable_padding()
        model = model.to(shape.device)
        next_tokens_learned(model, tokenizer, examples, made, shape, progress)
        module = DecoderModule(model.base_model, len(examples.classes))
        module = module.to(shape.device)
        fitted_to_classes(module, tokenizer, examples, shape, progress)
    return TextModel(module.cpu().eval(), tokenizer)


def next_tokens_learned(
    model: Any,  # noqa: ANN401 # a causal language model
    tokenizer: Tokenizer,
    examples: Examples,
    made: DecoderShape,
    shape: TextShape,
    progress: Progress | None = None,
) -> list[float]:
    """Train a model to tell the next token; return each pass's mean loss, in nats."""
    n_steps = max(1, -(-len(examples.texts) // shape.batch_texts) * made.next_passes)
    optimiser = torch.optim.AdamW(model.parameters(), lr=made.next_rate, weight_decay=0.1)
    schedule = rising_then_falling(optimiser, n_steps, shape.warm_up)
    losses = []
    for number in range(made.next_passes):
        model.train()
        sums, n_told = 0.0, 0
        for ids, mask in _token_batches(tokenizer, examples.texts, shape):
            optimiser.zero_grad(set_to_none=True)
            half = shape.precision == "bfloat16"
            with torch.autocast(shape.device, torch.bfloat16, enabled=half):
                loss = next_token_loss(model, ids, mask)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), MOST_GRADIENT)
            optimiser.step()
            schedule.step()
            n_here = int(mask[:, 1:].sum())
            sums, n_told = sums + float(loss.detach()) * n_here, n_told + n_here
        losses.append(sums / max(1, n_told))
        if progress is not None:
            progress("next tokens", (number + 1) / made.next_passes)
    return losses


def _token_batches(
    tokenizer: Tokenizer, texts: tuple[str, ...], shape: TextShape
) -> Iterator[tuple[Any, Any]]:
    for batch in batches(texts, shape.batch_texts):
        tokens = tokenised(tokenizer, [texts[int(row)] for row in batch])
        ids, mask = (torch.as_tensor(each, device=shape.device) for each in tokens)
        if ids.shape[1] > 1:  # of a single token nothing is told
            yield ids, mask


def next_token_loss(model: Any, ids: Any, mask: Any) -> Any:  # noqa: ANN401 # tensors
    """Return the mean log loss of each token given those before it, padding left out."""
    found = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    wanted = torch.where(mask[:, 1:] > 0, ids[:, 1:], -100)
    return functional.cross_entropy(found.float().transpose(1, 2), wanted)


def _read(folder: str) -> tuple[Tokenizer, Any]:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", use_safetensors=True, local_files_only=True
    )
    return Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), model


def _new(
    examples: Examples, made: DecoderShape, shape: TextShape
) -> tuple[Tokenizer, Any]:
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _learned_tokenizer(examples, made.vocabulary)
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=shape.most_tokens,
        n_embd=made.width,
        n_layer=made.layers,
        n_head=made.heads,
        bos_token_id=MARKS.index("[BEGIN]"),
        eos_token_id=MARKS.index("[END]"),
        attn_implementation="eager",
    )
    return tokenizer, GPT2LMHeadModel(config)


def _learned_tokenizer(examples: Examples, vocabulary: int) -> Tokenizer:
    """Return byte pairs of the training texts; any other text has tokens too."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(MARKS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(examples.texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BEGIN] $A [END]",
        special_tokens=[(mark, MARKS.index(mark)) for mark in MARKS[1:]],
    )
    return tokenizer
