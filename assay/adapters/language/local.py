"""A language model in a local folder, by transformers: seq2seq or causal."""

from __future__ import annotations

import threading
from typing import Any

from assay.errors import SourceError
from assay.retrieval.answers.prompt import Prompt

MOST_NEW_TOKENS = 400


class LocalWriter:
    """A `assay.retrieval.answers.written.Writer` in this process.

    Parameters
    ----------
    model : str
        A folder, or a hub id that is on this machine. It is loaded by the first answer.
    window : int
        Tokens that are used of the model's window at most.
    timeout_seconds : float
        Longest time of an answer; what is generated until then is judged as it is.
    """

    def __init__(
        self, model: str, *, window: int = 2048, timeout_seconds: float = 20.0
    ) -> None:
        self.name, self.window = model.rstrip("/").rpartition("/")[2], window
        self._model, self._seconds = model, timeout_seconds
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, bool] | None = None

    def write(self, prompt: Prompt) -> str:
        """Return what the model says.

        Raises
        ------
        SourceError
            If it cannot be loaded or does not generate.
        """
        with self._lock:  # one answer at a time: two would both be slow
            try:
                return self._generated(prompt)
            except SourceError:
                raise
            except Exception as error:  # transformers and torch raise types of their own
                raise SourceError(
                    f"the language model in {self.name} does not generate: "
                    f"{type(error).__name__}"
                ) from error

    def _generated(self, prompt: Prompt) -> str:
        import torch

        tokenizer, model, is_seq2seq = self._opened()
        text = f"{prompt.rules}\n\n{prompt.request}\n"
        if getattr(tokenizer, "chat_template", None):
            messages = [
                {"role": "system", "content": prompt.rules},
                {"role": "user", "content": prompt.request},
            ]
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        room = self.window - (0 if is_seq2seq else ids.shape[1])
        if ids.shape[1] > self.window or room < 1:
            raise SourceError(
                f"the prompt has {ids.shape[1]} tokens, window {self.window}"
            )
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=min(MOST_NEW_TOKENS, room),
                max_time=self._seconds,
                do_sample=False,
            )
        new = made[0] if is_seq2seq else made[0][ids.shape[1] :]
        return str(tokenizer.decode(new, skip_special_tokens=True))

    def _opened(self) -> tuple[Any, Any, bool]:
        if self._loaded is None:
            from transformers import (
                AutoConfig,
                AutoModelForCausalLM,
                AutoModelForSeq2SeqLM,
                AutoTokenizer,
            )

            local: dict[str, Any] = {
                "local_files_only": True,
                "trust_remote_code": False,
            }
            config = AutoConfig.from_pretrained(self._model, **local)
            is_seq2seq = bool(config.is_encoder_decoder)
            kind = AutoModelForSeq2SeqLM if is_seq2seq else AutoModelForCausalLM
            model = kind.from_pretrained(self._model, use_safetensors=True, **local)
            tokenizer = AutoTokenizer.from_pretrained(self._model, **local)
            limit = getattr(config, "max_position_embeddings", None) or self.window
            self.window = min(self.window, int(limit))
            self._loaded = (tokenizer, model.eval(), is_seq2seq)
        return self._loaded
