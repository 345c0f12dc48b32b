"""Splits tweets into folds that hold out topics: texts of one cluster are all in one fold."""

import torch

CLUSTERS = 60
FOLDS = 5


def assign_folds(vectors: torch.Tensor, seed: int = 0) -> list[int]:
    """The fold, 0 to FOLDS - 1, of each text, by spherical k-means on the texts' `vectors`. Folds are of about the same size."""
    vectors = torch.nn.functional.normalize(vectors.float())
    generator = torch.Generator().manual_seed(seed)
    centers = vectors[torch.randperm(len(vectors), generator=generator)[:CLUSTERS]]
    for _ in range(30):
        cluster = (vectors @ centers.T).argmax(dim=1)
        sums = torch.zeros_like(centers).index_add_(0, cluster, vectors)
        centers = torch.nn.functional.normalize(sums)
    sizes = torch.bincount(cluster, minlength=CLUSTERS).tolist()
    filled, fold_of = [0] * FOLDS, [0] * CLUSTERS
    for index in sorted(range(CLUSTERS), key=lambda index: -sizes[index]):
        fold_of[index] = filled.index(min(filled))
        filled[fold_of[index]] += sizes[index]
    return [fold_of[index] for index in cluster.tolist()]
