"""The transformer encoder of teacher (MPNet) and student (BERT), and the classifier on top of it."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from fake_quantization import quantize_activations, quantize_embeddings, quantize_weights


@dataclass(frozen=True)
class Shape:
    """What distinguishes the encoders. Defaults: the student."""

    vocabulary: int
    layers: int = 4
    hidden: int = 384
    heads: int = 12
    feed_forward: int = 768
    positions: int = 512
    #: Index of the first token's position embedding.
    first_position: int = 0
    #: Buckets of MPNet's relative position bias; 0 for none.
    relative_buckets: int = 0
    epsilon: float = 1e-12
    dropout: float = 0.1
    #: "first": the last layer is computed for the first token only, whose output is classified; "mean": mean of all tokens.
    pooling: str = "first"


class QuantizableLinear(nn.Linear):
    """A linear layer that rounds its input and weights to int8 in training while `quantized` is set."""

    quantized = False

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self.quantized:
            return super().forward(values)
        return functional.linear(quantize_activations(values), quantize_weights(self.weight), self.bias)


class Layer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        self.qkv = QuantizableLinear(shape.hidden, 3 * shape.hidden)
        self.attended = QuantizableLinear(shape.hidden, shape.hidden)
        self.attention_norm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.up = QuantizableLinear(shape.hidden, shape.feed_forward)
        self.down = QuantizableLinear(shape.feed_forward, shape.hidden)
        self.output_norm = nn.LayerNorm(shape.hidden, shape.epsilon)

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor, first_only: bool) -> torch.Tensor:
        batch, tokens, size = hidden.shape
        query, key, value = self.qkv(hidden).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, bias, dropout).transpose(1, 2).reshape(batch, tokens, size)
        if first_only:
            mixed, hidden = mixed[:, 0], hidden[:, 0]
        hidden = self.attention_norm(hidden + functional.dropout(self.attended(mixed), dropout))
        fed = self.down(functional.gelu(self.up(hidden)))
        return self.output_norm(hidden + functional.dropout(fed, dropout))


class Classifier(nn.Module):
    """Logits of three labels from token ids and their attention mask (true for tokens, false for padding)."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.relative = nn.Embedding(shape.relative_buckets, shape.heads) if shape.relative_buckets else None
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.output = QuantizableLinear(shape.hidden, 3)

    def quantize(self, enabled: bool) -> None:
        """Switch int8 rounding on or off (quantization-aware training)."""
        for module in self.modules():
            if isinstance(module, QuantizableLinear):
                module.quantized = enabled

    def embed(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The last layer's output: of each token, or with "first" pooling of the first one."""
        tokens = ids.shape[1]
        words = quantize_embeddings(self.words.weight) if self.output.quantized else self.words.weight
        places = self.positions.weight[self.shape.first_position:][:tokens]
        hidden = self.norm(functional.embedding(ids, words) + places)
        hidden = functional.dropout(hidden, self.shape.dropout, self.training)
        bias = torch.zeros(mask.shape, dtype=hidden.dtype, device=ids.device).masked_fill(~mask, -1e4)[:, None, None]
        if self.relative is not None:
            bias = bias + self.relative(_buckets(tokens, self.shape.relative_buckets, ids.device)).permute(2, 0, 1)
        if torch.is_autocast_enabled(ids.device.type):
            bias = bias.bfloat16()
        for index, layer in enumerate(self.layers):
            hidden = layer(hidden, bias, self.shape.pooling == "first" and index == self.shape.layers - 1)
        return hidden

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.embed(ids, mask)
        if self.shape.pooling == "mean":
            hidden = mean(hidden, mask)
        return self.output(functional.dropout(hidden, self.shape.dropout, self.training)).float()


def mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean over each text's tokens."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def _buckets(tokens: int, count: int, device: torch.device) -> torch.Tensor:
    """MPNet's (and T5's) relative position buckets: exact for near tokens, logarithmic up to a distance of 128."""
    place = torch.arange(tokens, device=device)
    distance = place[:, None] - place[None, :]
    half, exact = count // 2, count // 4
    far = exact + ((distance.abs().clamp(min=1) / exact).log() / torch.tensor(128 / exact).log() * (half - exact)).long()
    bucket = torch.where(distance.abs() < exact, distance.abs(), far.clamp(max=half - 1))
    return bucket + half * (distance < 0)
