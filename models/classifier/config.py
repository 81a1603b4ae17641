"""Every number of the classifier, typed and frozen; tuned on the dev parts of corpora.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of the network.

    Attributes:
        embedding_size: length of a character's and of a word's vector.
        character_widths, word_widths: widths of the convolutions, in characters and in words.
        character_filters, word_filters: filters of each width.
        dropout: share of pooled features dropped while training; input_dropout: share of embedding values.
        mean_pooling: whether the mean over time is taken beside the maximum.
        ngram_buckets: rows of the wide path's table, which character n-grams are hashed into; 0: none.
    """

    embedding_size: int = 128
    character_widths: tuple[int, ...] = (2, 3, 4)
    character_filters: int = 128
    word_widths: tuple[int, ...] = (1, 2, 3)
    word_filters: int = 192
    dropout: float = 0.5
    input_dropout: float = 0.1
    mean_pooling: bool = True
    ngram_buckets: int = 90_000

    @property
    def features(self) -> int:
        """Length of the pooled vector."""
        pooled = len(self.character_widths) * self.character_filters + len(self.word_widths) * self.word_filters
        return 2 * pooled if self.mean_pooling else pooled

    @property
    def widest(self) -> int:
        """The greatest width; a text is followed by one position of padding less, so a window may begin at its end."""
        return max(*self.character_widths, *self.word_widths)


@dataclass(frozen=True)
class TrainingConfig:
    """How it is trained.

    Attributes:
        epochs: most passes; patience: passes without a better dev score before it stops.
        batch_size: texts of one step.
        learning_rate: of AdamW, at its highest; embedding_rate: its share for the embeddings.
        weight_decay: of AdamW.
        label_smoothing: share of the target spread over all labels.
        soft_weight: weight of the teacher's probabilities in the loss, in [0, 1].
        seed: of every generator.
    """

    epochs: int = 12
    patience: int = 3
    batch_size: int = 64
    learning_rate: float = 1e-3
    embedding_rate: float = 0.5
    weight_decay: float = 1e-2
    label_smoothing: float = 0.0
    soft_weight: float = 0.8
    seed: int = 0


@dataclass(frozen=True)
class ClassifierConfig:
    """All of it; written to config.json beside the weights.

    Attributes:
        piece: characters that the network reads at once; a longer text is read in pieces.
        precision: of the answers that are given on the dev part, the share that is right; sets the threshold of 看不准.
    """

    piece: int = 80
    precision: float = 0.85
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def as_dict(self) -> dict[str, Any]:
        """For config.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ClassifierConfig:
        """The inverse of as_dict; also reads what was written before there were means and n-grams.

        Raises TypeError for an unknown or missing part of the network.
        """
        shape: dict[str, Any] = {"mean_pooling": False, "ngram_buckets": 0}
        shape |= {name: tuple(v) if isinstance(v, list) else v for name, v in data["network"].items()}
        known = {f.name for f in fields(TrainingConfig)}
        return cls(
            piece=data["piece"],
            precision=data["precision"],
            network=NetworkConfig(**shape),
            training=TrainingConfig(**{name: v for name, v in data["training"].items() if name in known}),
        )
