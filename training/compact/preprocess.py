"""The service's preprocessing (src/prediction/text.ts), applied alike in training."""


def preprocess(text: str) -> str:
    """Hide user names and links: `@name` becomes `@user`, `http…` becomes `http`; words split on single spaces."""
    return " ".join(_mask(word) for word in text.split(" "))


def _mask(word: str) -> str:
    if len(word) > 1 and word.startswith("@"):
        return "@user"
    return "http" if word.startswith("http") else word
