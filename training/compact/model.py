"""The classifier: MiniLM's encoder, mean pooling as it was pretrained with, and a small head."""

from pathlib import Path

import torch
from torch import nn
from transformers import BertConfig, BertModel


class Classifier(nn.Module):
    """Logits of three labels from token ids and their attention mask."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.output = nn.Linear(config.hidden_size, 3)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return self.output(self.dropout(torch.tanh(self.dense(self.dropout(pooled)))))


def load_pretrained(base: Path, layers: int) -> BertModel:
    """The first `layers` layers of the pretrained encoder. Eager attention, which the exporter can fuse."""
    config = BertConfig.from_pretrained(base, num_hidden_layers=layers, attn_implementation="eager")
    return BertModel.from_pretrained(base, config=config, add_pooling_layer=False)


def classifier_from(encoder: BertModel, embeddings: torch.Tensor) -> Classifier:
    """A classifier with the encoder's weights and `embeddings` as its token rows; the head is new."""
    encoder.embeddings.word_embeddings = nn.Embedding.from_pretrained(embeddings.clone(), freeze=False, padding_idx=0)
    encoder.config.vocab_size = embeddings.shape[0]
    model = Classifier(encoder.config)
    model.encoder.load_state_dict(encoder.state_dict())
    return model
