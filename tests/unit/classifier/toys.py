"""Small classifiers whose answers are known by construction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from models.classifier.config import ClassifierConfig, NetworkConfig, TrainingConfig
from models.classifier.corpora import Sample
from models.classifier.fitting import Floats, fit
from models.classifier.model import TextClassifier
from models.classifier.network import TextCNN
from models.classifier.vocabulary import FIRST, Vocabulary

SHAPE = NetworkConfig(
    embedding_size=16, character_widths=(1, 2), character_filters=12, word_widths=(1, 2), word_filters=12, dropout=0.1
)
TRAINING = TrainingConfig(epochs=25, patience=8, batch_size=16, learning_rate=5e-3, embedding_rate=1.0)
CONFIG = ClassifierConfig(piece=40, precision=0.9, network=SHAPE, training=TRAINING)
WORDS = {"影视": ("电影", "导演", "票房"), "体育": ("球队", "进球", "冠军"), "音乐": ("专辑", "歌手", "演唱会")}
FILLER = ("今天", "关于", "听说", "昨天", "有人", "大家", "我们", "真的")


def samples(n: int, seed: int = 0) -> list[Sample]:
    """Texts of a filler, a word that decides the label, and a filler."""
    rng = np.random.default_rng(seed)
    out = []
    for number in range(n):
        label = list(WORDS)[number % len(WORDS)]
        before, after = rng.choice(FILLER, 2)
        out.append(Sample(f"{before}{rng.choice(WORDS[label])}{after}{number}", (label,)))
    return out


def encode(texts: Sequence[str]) -> Floats:
    """A sentence encoder that knows which of the deciding words a text has."""
    known = [word for words in WORDS.values() for word in words]
    out = np.array([[float(word in text) for word in known] for text in texts], np.float32) + 0.1
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def vocabulary() -> Vocabulary:
    return Vocabulary.build([s.text for s in samples(200)], n_dictionary=20, min_count=2)


def start(vocab: Vocabulary, seed: int = 0) -> TextCNN:
    torch.manual_seed(seed)
    return TextCNN(FIRST + len(vocab.characters), FIRST + len(vocab.words), 4, SHAPE)


def classifier() -> TextClassifier:
    """A trained toy."""
    vocab = vocabulary()
    return fit(
        "channel",
        tuple(WORDS),
        samples(240),
        samples(90, seed=1),
        multi_label=False,
        vocabulary=vocab,
        start=start(vocab),
        encode=encode,
        config=CONFIG,
        english={"影视": "Film", "体育": "Sports", "音乐": "Music"},
    )
