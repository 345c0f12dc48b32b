"""Shrinks BERT's vocabulary to what tweets use, and adds emoji: a new tokenizer and its embedding rows."""

import json
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer

from emoji import known_emoji, name_words

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def build(base: Path, embeddings: torch.Tensor, texts: list[str], size: int) -> tuple[Tokenizer, torch.Tensor]:
    """Keep special tokens, every western character and the `size` most used pieces; append emoji as whole and inner pieces.

    Returns the tokenizer and the embedding matrix whose rows follow its ids. Words outside fall apart into smaller
    pieces that are in it, since every such character stays.
    """
    original = Tokenizer.from_file(str(base / "tokenizer.json"))
    original.no_padding()
    original.no_truncation()
    ids = original.get_vocab()
    counts = Counter(token for item in original.encode_batch(texts) for token in item.tokens)
    used = [token for token, _ in counts.most_common(size)]
    characters = [token for token in ids if len(token.removeprefix("##")) == 1 and _is_western(token[-1])]
    kept = list(dict.fromkeys([*SPECIAL, *sorted(set(used + characters), key=ids.__getitem__)]))
    rows = [embeddings[ids[token]] for token in kept]
    for character in known_emoji():
        row = _mean_embedding(name_words(character), original, embeddings)
        for token in (character, f"##{character}"):
            if token not in kept:
                kept.append(token)
                rows.append(row)
    return _tokenizer(base, kept), torch.stack(rows)


def _is_western(character: str) -> bool:
    """Latin, Greek, Cyrillic, punctuation and currency: what English tweets are written with."""
    return ord(character) < 0x0500 or 0x2010 <= ord(character) < 0x20C0


def _mean_embedding(words: str, tokenizer: Tokenizer, embeddings: torch.Tensor) -> torch.Tensor:
    ids = tokenizer.encode(words, add_special_tokens=False).ids
    return embeddings[ids].mean(dim=0)


def _tokenizer(base: Path, tokens: list[str]) -> Tokenizer:
    spec = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = {token: index for index, token in enumerate(tokens)}
    spec["truncation"] = None
    spec["padding"] = None
    spec["model"]["vocab"] = vocabulary
    for added in spec["added_tokens"]:
        added["id"] = vocabulary[added["content"]]
    for name, special in spec["post_processor"]["special_tokens"].items():
        special["ids"] = [vocabulary[name]]
    return Tokenizer.from_str(json.dumps(spec, ensure_ascii=False))
