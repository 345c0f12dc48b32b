"""Unlabelled variants of texts: words dropped, letters mistyped, halves of two texts joined, emoji added."""

import random

from templates import emoji_run


def vary(text: str, rng: random.Random) -> str:
    """The text with a seventh of its words missing, with typing errors, or one half of it."""
    words = text.split(" ")
    kind = rng.random()
    if kind < 0.4:
        return " ".join(word for word in words if rng.random() > 0.15) or text
    if kind < 0.7:
        return " ".join(_mistype(word, rng) if rng.random() < 0.15 else word for word in words)
    middle = len(words) // 2
    return " ".join(words[:middle] if rng.random() < 0.5 else words[middle:]) or text


def join(first: str, second: str) -> str:
    """The first half of one text and the second half of another."""
    left, right = first.split(" "), second.split(" ")
    return " ".join(left[: len(left) // 2 + 1] + right[len(right) // 2:])


def add_emoji(text: str, label: int, rng: random.Random) -> str:
    run = emoji_run(label, rng)
    return f"{text}{rng.choice(('', ' '))}{run}" if rng.random() < 0.8 else f"{run} {text}"


def _mistype(word: str, rng: random.Random) -> str:
    """Swap, drop, double or stretch a letter; masked names and links stay."""
    if len(word) < 4 or word in ("@user", "http"):
        return word
    at = rng.randrange(1, len(word) - 1)
    return rng.choice((
        word[:at] + word[at + 1] + word[at] + word[at + 2:], word[:at] + word[at + 1:], word[:at] + word[at] + word[at:], word[:at] + 3 * word[at] + word[at + 1:]))
