"""From labelled texts to a classifier: targets with a teacher's opinion, training from a pretrained start, calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import label_ranking_average_precision_score

from knowledge.static_vectors import WordVectors
from models.classifier import inference, teacher, wide
from models.classifier.calibration import Calibration, fit_multi, fit_single
from models.classifier.config import ClassifierConfig, NetworkConfig, TrainingConfig
from models.classifier.corpora import Sample
from models.classifier.model import TextClassifier
from models.classifier.network import Branch, TextCNN
from models.classifier.training import (
    Epoch,
    binary_cross_entropy,
    cosine_distance,
    predict,
    soft_cross_entropy,
    train,
)
from models.classifier.vocabulary import FIRST, Encoded, Vocabulary

Floats = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
Report = Callable[[Epoch], None]
TARGET_SIZE = 256
"""Principal components of the sentence vectors that the start is taught."""
TARGET_WHITENING = 0.7
"""Their scales are divided by scale to this power: all cosines are alike without it, and noise counts too much at 1."""


def initial_vectors(entries: Sequence[str], table: WordVectors, size: int) -> Floats:
    """Rows for padding, unknown and every entry, float32 [2 + n, size]: the encoder's token vectors, shortened.

    The table's components are principal ones in falling order, so the first ``size`` of them are the best that size.
    """
    rows = np.zeros((FIRST + len(entries), size), np.float32)
    for number, entry in enumerate(entries, FIRST):
        vector = table.of(entry)
        if vector is not None:
            rows[number] = vector[:size] / max(float(np.linalg.norm(vector[:size])), 1e-6)
    rows[1] = rows[FIRST:].mean(axis=0)
    return rows * 3


def from_token_vectors(
    vocabulary: Vocabulary, table: WordVectors, shape: NetworkConfig, n_outputs: int, seed: int = 0
) -> TextCNN:
    """A network whose embeddings are the encoder's token vectors and that has learned nothing yet."""
    torch.manual_seed(seed)
    network = TextCNN(FIRST + len(vocabulary.characters), FIRST + len(vocabulary.words), n_outputs, shape)
    with torch.no_grad():
        for own, entries in zip(network.tables, (vocabulary.characters, vocabulary.words), strict=False):
            own.copy_(torch.from_numpy(initial_vectors(entries, table, shape.embedding_size)))
    return network


def pretrained(
    vocabulary: Vocabulary,
    table: WordVectors,
    texts: Sequence[str],
    vectors: Floats,
    shape: NetworkConfig,
    config: TrainingConfig,
    report: Report | None = None,
) -> TextCNN:
    """A network taught to say what the sentence encoder says of unlabelled texts; the start of every task.

    Args:
        vocabulary: of the network. table: token vectors that its embeddings begin with.
        texts: normalised; vectors: the encoder's, float32 [len(texts), dim].
    """
    centred = vectors - vectors.mean(axis=0)
    sample = centred[:: max(1, len(centred) // 10_000)]
    target = centred @ np.linalg.svd(sample, full_matrices=False)[2][:TARGET_SIZE].T
    target /= target.std(axis=0) ** TARGET_WHITENING
    target = np.asarray(target / np.linalg.norm(target, axis=1, keepdims=True), np.float32)
    encoded = [vocabulary.encode(text) for text in texts]
    order = np.random.default_rng(config.seed).permutation(len(texts))
    kept, learned = order[: min(1500, len(order) // 20)], order[min(1500, len(order) // 20) :]
    lighter = start_shape(shape)
    network = from_token_vectors(vocabulary, table, lighter, TARGET_SIZE, config.seed)

    def score(candidate: TextCNN) -> float:
        said = predict(candidate, [encoded[i] for i in kept])
        said /= np.linalg.norm(said, axis=1, keepdims=True)
        return float((said * target[kept]).sum(axis=1).mean())

    return train(
        network,
        [encoded[i] for i in learned],
        target[learned],
        np.zeros((len(learned), 1), np.float32),
        cosine_distance,
        score,
        config,
        report,
    )


def start_shape(shape: NetworkConfig) -> NetworkConfig:
    """The network that learns from the sentence encoder: less dropout, and nothing but its convolutions' maxima."""
    return replace(shape, dropout=0.1, input_dropout=0.05, mean_pooling=False, ngram_buckets=0)


def with_outputs(start: TextCNN, n_labels: int, shape: NetworkConfig, seed: int) -> TextCNN:
    """A network with the embeddings and convolutions of ``start``, a new linear layer and an empty wide path."""
    torch.manual_seed(seed)
    network = TextCNN(len(start.character_table), len(start.word_table), n_labels, shape)
    own = network.state_dict()
    taken = {name: w.clone() for name, w in start.state_dict().items() if not name.startswith(("output.", "ngram"))}
    own.update(taken)
    network.load_state_dict(own)
    return network


def fit(
    task: str,
    labels: Sequence[str],
    train_part: Sequence[Sample],
    dev_part: Sequence[Sample],
    *,
    multi_label: bool,
    vocabulary: Vocabulary,
    start: TextCNN,
    encode: Encode,
    config: ClassifierConfig,
    english: Mapping[str, str] | None = None,
    unlabelled: Sequence[str] = (),
    report: Report | None = None,
) -> TextClassifier:
    """A calibrated classifier.

    Args:
        labels: the label set; every sample's labels are of it. ``english``: their English names, where there are any.
        train_part, dev_part: to learn from; to stop, calibrate and set thresholds by. Their texts are normalised.
            Without a dev part all passes are made, and nothing is calibrated.
        start: where embeddings and convolutions begin. encode: the sentence encoder, for the teacher.
        unlabelled: further texts (none of the dev or test part), for which the teacher's opinion is the only target.
        report: called after each pass.
    """
    targets, unlabelled_targets = targets_of(labels, train_part, unlabelled, multi_label, config, encode)
    dev_truth = truth_of(labels, dev_part)
    shape = replace(config.network, embedding_size=start.config.embedding_size)
    network = with_outputs(start, len(labels), shape, config.training.seed)
    texts = [s.text[: config.piece] for s in train_part]
    encoded = [vocabulary.encode(text) for text in texts]
    # What else is said to be about the same (keywords of a headline) teaches words that no title of the class has.
    hinted = [i for i, s in enumerate(train_part) if s.hint]
    encoded += [vocabulary.encode(train_part[i].hint[: config.piece]) for i in hinted]
    targets = np.concatenate([targets, targets[hinted]])
    if unlabelled:
        encoded += [vocabulary.encode(text[: config.piece]) for text in unlabelled]
        targets = np.concatenate([targets, unlabelled_targets])
    said = said_beside(
        network, encoded, truth_of(labels, train_part), teacher.folds(texts, config.training.seed), hinted
    )
    dev_encoded = [vocabulary.encode(s.text[: config.piece]) for s in dev_part]
    codes = dev_truth.argmax(axis=1)

    def score(candidate: TextCNN) -> float:
        said = predict(candidate, dev_encoded)
        if multi_label:
            return float(label_ranking_average_precision_score(dev_truth, said))
        return float((said.argmax(axis=1) == codes).mean())

    loss = binary_cross_entropy if multi_label else soft_cross_entropy
    best = train(network, encoded, targets, said, loss, score if dev_part else None, config.training, report)
    served = to_numpy(best)
    calibration = (
        calibrated(served.logits(dev_encoded), dev_truth, multi_label, config.precision) if dev_part else Calibration()
    )
    return TextClassifier(
        task, tuple(labels), multi_label, replace(config, network=shape), vocabulary, served, calibration, english or {}
    )


def calibrated(logits: Floats, truth: Floats, multi_label: bool, precision: float) -> Calibration:
    """Temperature and thresholds by ``logits`` and ``truth``, float32 [n, labels], of texts that were not learned from."""
    return fit_multi(logits, truth, precision) if multi_label else fit_single(logits, truth.argmax(axis=1), precision)


def said_beside(
    network: TextCNN, encoded: Sequence[Encoded], truth: Floats, fold: teacher.Codes, hinted: Sequence[int]
) -> Floats:
    """Fit the network's wide path; returns what it says of all texts while the rest learns, float32 [n, labels].

    Args:
        encoded: the labelled texts, the hints of the ``hinted`` ones among them, then the unlabelled texts.
        truth: of the labelled texts, and ``fold`` their folds.
    """
    buckets = network.config.ngram_buckets
    if not buckets:
        return np.zeros((len(encoded), 1), np.float32)
    counts = wide.features(encoded, buckets)
    labelled = counts[: len(truth)]
    network.ngram_table.copy_(torch.from_numpy(wide.table(labelled, truth)))
    owned = len(truth) + len(hinted)
    of = np.concatenate([fold, fold[list(hinted)]]).astype(np.int64)
    out = np.asarray(counts @ network.ngram_table.numpy(), np.float32)
    out[:owned] = wide.cross_fitted(labelled, truth, fold, counts[:owned], of)
    return out


def truth_of(labels: Sequence[str], samples: Sequence[Sample]) -> Floats:
    """float32 [n, labels], 1 where a sample has the label."""
    place = {label: i for i, label in enumerate(labels)}
    truth = np.zeros((len(samples), len(labels)), np.float32)
    for row, sample in enumerate(samples):
        truth[row, [place[label] for label in sample.labels]] = 1
    return truth


def targets_of(
    labels: Sequence[str],
    samples: Sequence[Sample],
    unlabelled: Sequence[str],
    multi_label: bool,
    config: ClassifierConfig,
    encode: Encode,
) -> tuple[Floats, Floats]:
    """What the network is to say of the samples and of unlabelled texts, float32 [n, labels] each.

    Of the samples that is their labels mixed with what the teachers say, of the others what the teachers say.
    """
    truth, texts = truth_of(labels, samples), [s.text for s in samples]
    weight = config.training.soft_weight
    smooth = 0.0 if multi_label else config.training.label_smoothing
    hard = truth * (1 - smooth) + smooth / len(labels)
    none = np.zeros((0, len(labels)), np.float32)
    if weight == 0:
        return hard, none
    vectors = encode(texts)
    if multi_label:
        opinion = teacher.cross_fitted_multi(texts, vectors, truth)
        others = teacher.taught_multi(vectors, truth, encode(unlabelled)) if unlabelled else none
    else:
        codes = truth.argmax(axis=1)
        together = teacher.cross_fitted(texts, vectors, codes, len(labels))
        opinion, others = together.probabilities, none
        if unlabelled:
            said = teacher.members(texts, vectors, codes, len(labels), unlabelled, encode(unlabelled))
            others = together.of(said)
    return ((1 - weight) * hard + weight * opinion).astype(np.float32), others


def to_numpy(network: TextCNN) -> inference.Network:
    """The network as it is served: tables in int8, convolutions as matrices; rounded as in the file."""

    def array(tensor: torch.Tensor) -> Floats:
        return tensor.detach().numpy().astype(np.float16).astype(np.float32)

    def branch(table: torch.Tensor, own: Branch) -> inference.Branch:
        return inference.Branch(
            inference.Table.quantised(table.detach().numpy()),
            tuple(
                inference.Convolution(len(weight), array(weight).reshape(-1, weight.shape[2]), array(bias))
                for weight, bias in zip(own.weights, own.biases, strict=True)
            ),
        )

    return inference.Network(
        branch(network.character_table, network.characters),
        branch(network.word_table, network.words),
        array(network.output.weight),
        network.output.bias.detach().numpy().astype(np.float32),
        network.config.mean_pooling,
        inference.Table.quantised((network.ngram_scale * network.ngram_table).detach().numpy())
        if network.config.ngram_buckets
        else None,
    )


def to_torch(network: inference.Network, shape: NetworkConfig) -> TextCNN:
    """The inverse of ``to_numpy``, to go on training from a shipped classifier."""
    out = TextCNN(len(network.characters.table.rows), len(network.words.table.rows), len(network.bias), shape)
    with torch.no_grad():
        for branch, table, own in (
            (network.characters, out.character_table, out.characters),
            (network.words, out.word_table, out.words),
        ):
            table.copy_(torch.from_numpy(branch.table.values))
            for convolution, weight, bias in zip(branch.convolutions, own.weights, own.biases, strict=True):
                weight.copy_(torch.from_numpy(convolution.weight.reshape(weight.shape)))
                bias.copy_(torch.from_numpy(convolution.bias))
        out.output.weight.copy_(torch.from_numpy(network.weight))
        out.output.bias.copy_(torch.from_numpy(network.bias))
        if network.ngrams is not None:
            out.ngram_table.copy_(torch.from_numpy(network.ngrams.values))
            out.ngram_scale.fill_(1.0)
    return out
