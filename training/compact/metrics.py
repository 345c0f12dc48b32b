"""Macro-averaged recall (TweetEval's metric for sentiment), with a bootstrap interval."""

import numpy


def recalls(truth: list[int], predicted: list[int]) -> list[float]:
    """Recall of each label, 0 to 1."""
    t, p = numpy.asarray(truth), numpy.asarray(predicted)
    return [float((p[t == label] == label).mean()) for label in range(3)]


def macro_recall(truth: list[int], predicted: list[int]) -> float:
    return float(numpy.mean(recalls(truth, predicted)))


def interval(truth: list[int], predicted: list[int], rounds: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the macro recall (Efron 1979)."""
    rng = numpy.random.default_rng(seed)
    t, p = numpy.asarray(truth), numpy.asarray(predicted)
    picks = (rng.integers(0, len(t), len(t)) for _ in range(rounds))
    low, high = numpy.percentile([macro_recall(t[pick], p[pick]) for pick in picks], [2.5, 97.5])
    return float(low), float(high)


def summary(truth: list[int], predicted: list[int]) -> dict:
    """Figures of one evaluation, rounded to four decimals."""
    low, high = interval(truth, predicted)
    accuracy = float(numpy.mean(numpy.asarray(truth) == numpy.asarray(predicted)))
    return {
        "macro_recall": round(macro_recall(truth, predicted), 4),
        "interval": [round(low, 4), round(high, 4)],
        "recall": [round(value, 4) for value in recalls(truth, predicted)],
        "accuracy": round(accuracy, 4),
    }
