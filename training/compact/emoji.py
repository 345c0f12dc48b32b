"""Emoji: which the tokenizer knows, and the few whose feeling is plain enough to teach from.

The labelled tweets hold almost no emoji, so the model would never learn one. Every emoji of the blocks below becomes a
vocabulary entry that starts from the mean embedding of its Unicode name; those in VALENCE also appear in training, with
tweets of the same label (augment.py) and alone (templates.py).
"""

import unicodedata

BLOCKS = ((0x1F1E6, 0x1F1FF), (0x1F300, 0x1F5FF), (0x1F600, 0x1F64F), (0x1F680, 0x1F6C5), (0x1F900, 0x1F9FF), (0x1FA70, 0x1FAFF), (0x2600, 0x27BF))
OTHERS = "⭐⭕⌚⏰⏳☺"

#: Emoji by the label they go with: 0 negative, 1 neutral, 2 positive.
VALENCE = {
    0: "😠😡🤬😞😔😟😕🙁☹😣😖😫😩😢😭😤😰😥😓🤢🤮😒🙄👎💔😾🖕🤦😨😱😿👿😪😷🤕🤒💀",
    1: "📅📆🕒⏰📍📷📺📰🚗🚌✈🏠📞💻📝📊🔗🎥🗓📱➡🌍☁🏢🚆",
    2: "😀😃😄😁😆😂🤣😊😇🙂😉😍🥰😘😋😎🤩🥳❤💕💖💗💙💚💛💜🧡👍👏🙌🎉🎊✨🌟⭐🔥💯😻🤗☺😌💪🏆🥇💐",
}


def known_emoji() -> list[str]:
    """Every single-code-point emoji that gets a vocabulary entry, in code point order, skin tones included."""
    found = {chr(code) for low, high in BLOCKS for code in range(low, high + 1) if _is_symbol(chr(code))}
    found.update(OTHERS, *VALENCE.values())
    return sorted(found)


def name_words(character: str) -> str:
    """The words of an emoji's Unicode name, lower case: `smiling face with heart shaped eyes`."""
    name = unicodedata.name(character, "symbol").lower().replace("-", " ")
    return " ".join(word for word in name.split() if word not in ("with", "sign", "symbol", "and", "of"))


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk")


def expand_emoji(text: str) -> str:
    """The text with each known emoji replaced by the words of its name."""
    return "".join(f" {name_words(character)} " if character in KNOWN else character for character in text)


KNOWN = frozenset(known_emoji())
