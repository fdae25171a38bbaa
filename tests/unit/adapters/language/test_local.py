"""Small real models in a folder generate; what cannot is one clear error."""

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from assay.adapters.language.local import LocalWriter
from assay.errors import SourceError
from assay.retrieval.answers.prompt import Prompt

WORDS = ["[PAD]", "[UNK]", "[EOS]", "sales", "were", "four", "Question", "why", "?"]
PROMPT = Prompt("sales were four", "Question why ?", (), ())


def write_model(folder, *, is_seq2seq):
    """Write a model with random weights that is made here, and its tokenizer."""
    import torch
    from transformers import (
        GPT2Config,
        GPT2LMHeadModel,
        PreTrainedTokenizerFast,
        T5Config,
        T5ForConditionalGeneration,
    )

    raw = Tokenizer(WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106 # no secret
    raw.pre_tokenizer = Whitespace()
    marks_of = {"pad_token": "[PAD]", "eos_token": "[EOS]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=raw, **marks_of).save_pretrained(folder)
    marks = {"pad_token_id": 0, "eos_token_id": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if is_seq2seq:
            config = T5Config(
                vocab_size=9,
                d_model=8,
                d_kv=4,
                d_ff=16,
                num_layers=1,
                num_heads=2,
                decoder_start_token_id=0,
                **marks,
            )
            model = T5ForConditionalGeneration(config)
        else:
            config = GPT2Config(
                vocab_size=9,
                n_embd=8,
                n_layer=1,
                n_head=2,
                n_positions=64,
                bos_token_id=2,
                **marks,
            )
            model = GPT2LMHeadModel(config)
    model.save_pretrained(folder)


@pytest.mark.parametrize("is_seq2seq", [True, False])
def test_a_model_in_a_folder_generates_words_and_the_same_each_time(tmp_path, is_seq2seq):
    write_model(tmp_path / "tiny", is_seq2seq=is_seq2seq)
    writer = LocalWriter(str(tmp_path / "tiny"))
    said = writer.write(PROMPT)
    assert set(said.split()) <= set(WORDS)
    assert writer.write(PROMPT) == said
    assert writer.name == "tiny"
    if not is_seq2seq:
        assert writer.window == 64  # of the model, though more was asked for


def test_a_prompt_beyond_the_window_is_refused(tmp_path):
    write_model(tmp_path / "tiny", is_seq2seq=False)
    long = Prompt("sales " * 80, "why ?", (), ())
    with pytest.raises(SourceError, match="window"):
        LocalWriter(str(tmp_path / "tiny")).write(long)


def test_a_folder_without_a_model_is_one_clear_error(tmp_path):
    with pytest.raises(SourceError, match="does not generate"):
        LocalWriter(str(tmp_path)).write(PROMPT)
