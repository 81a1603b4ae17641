"""Train the shipped classifiers from the corpora, each step kept in VAR/classifier so that a stopped run goes on.

python -m models.classifier.train --corpora FOLDER [--task channel]

An operator's own labels are trained with `wenyu model train classifier` (own.py) and need no corpora.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from knowledge.encoder import load_encoder
from knowledge.static_vectors import WordVectors
from models.classifier import channels, corpora, evaluate, genres, polarity
from models.classifier.calibration import sigmoid, softmax
from models.classifier.config import ClassifierConfig, TrainingConfig
from models.classifier.corpora import Corpus, Sample
from models.classifier.fitting import TARGET_SIZE, Floats, calibrated, fit, pretrained, start_shape, truth_of
from models.classifier.model import TASKS, WEIGHTS, TextClassifier
from models.classifier.network import TextCNN
from models.classifier.publish import Origin, publish
from models.classifier.training import Epoch
from models.classifier.vectors import VectorCache
from models.classifier.vocabulary import FIRST, Vocabulary
from models.classifier.written import turns, written
from models.publishing import PROJECT

Say = Callable[[str], None]
COMMAND = "python -m models.classifier.train --corpora 语料文件夹"
N_DICTIONARY = 24_000
START = TrainingConfig(epochs=6, patience=2, learning_rate=2e-3, weight_decay=1e-4)
THUCNEWS = {
    "name": "THUCNews 标题（10 类，1 万条）",
    "source": "清华大学 THUCTC，经 649453932/Chinese-Text-Classification-Pytorch",
    "terms": "仅限研究",
}
TNEWS = {"name": "TNEWS（CLUE，头条标题）", "source": "CLUEbenchmark/DataCLUE", "terms": "没有声明许可"}
OTHERS = {
    "name": "QBQTC、SimCLUE、KdConv 的句子（不用标签）",
    "source": "CLUEbenchmark、thu-coai/KdConv",
    "terms": "没有声明许可；KdConv 为 Apache-2.0",
}
REVIEWS = {
    "name": "酒店、外卖、网购评论",
    "source": "SophonPlus/ChineseNlpCorpus",
    "terms": "没有声明许可",
}
PLOTS = {"name": "影片简介和类型", "source": "本项目写的简介；类型来自 MovieLens", "terms": "类型仅限非商业用途"}
WRITTEN = {"name": "本项目编写的短文", "source": "models/classifier/written", "terms": "Apache-2.0"}
ENGLISH = {"channel": channels.ENGLISH, "polarity": polarity.ENGLISH, "genre": genres.ENGLISH}
DATA = {
    "channel": (THUCNEWS, TNEWS, OTHERS, WRITTEN),
    "polarity": (REVIEWS, OTHERS, WRITTEN),
    "genre": (PLOTS, OTHERS, WRITTEN),
}
NOTES = {
    "channel": (
        "综艺、音乐、动漫、读书、艺术、戏曲舞台、明星、生活在语料里没有自己的类：一部分由标题里的词从“娱乐”“文化”里分出来"
        "（channels.py），一部分是本项目写的（written/channel.tsv）。",
        "语料是 2009–2018 年的新闻标题，新的作品名、人名没有见过。",
    ),
    "polarity": (
        "学的主要是本项目几个人写的两千多条影评、乐评、书评、游戏评、演出和场馆评论；没有学过的作者写的，四条里大约错一条，"
        "反讽、先抑后扬和只说事实的差评错得最多。",
        "只分正面和负面；两边差不多时说看不准。",
    ),
    "genre": ("影片简介只有一句话，类型是整部影片的；武侠、仙侠、青春、都市等类型只有本项目写的简介。",),
}


class Workshop:
    """What all tasks share: corpora, sentence vectors, vocabulary and the pretrained start."""

    def __init__(self, folder: Path, var_dir: Path, say: Say) -> None:
        self.folder, self.say = folder, say
        self._work = var_dir / "classifier"
        self._static = WordVectors(var_dir / "encoder" / "static")
        self._vectors = VectorCache(load_encoder("", var_dir / "encoder"), self._work)
        self.thucnews, self.tnews = corpora.thucnews(folder), corpora.tnews(folder)
        self.sentences = corpora.sentences(folder)
        self.vocabulary = self._kept_vocabulary()

    def _kept_vocabulary(self) -> Vocabulary:
        path = self._work / "vocabulary.json"
        if path.exists():
            return Vocabulary(*json.loads(path.read_text(encoding="utf-8")))
        texts = [s.text for c in (self.thucnews, self.tnews) for s in c.train] + [s.hint for s in self.tnews.train]
        texts += self.sentences + [s.text for s in corpora.reviews(self.folder).train]
        vocabulary = Vocabulary.build(texts, n_dictionary=N_DICTIONARY)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([vocabulary.characters, vocabulary.words], ensure_ascii=False), encoding="utf-8")
        return vocabulary

    def encode(self, texts: Sequence[str]) -> Floats:
        """Sentence vectors float32 [n, dim], kept."""

        def report(done: int, of: int) -> None:
            if done == of or done % 4096 == 0:
                self.say(f"  句向量 {done:,}/{of:,}")

        return self._vectors(texts, report)

    def start(self, config: ClassifierConfig) -> TextCNN:
        """The pretrained network, made once."""
        path = self._work / "start-2.safetensors"
        shape = start_shape(config.network)
        if path.exists():
            network = TextCNN(
                FIRST + len(self.vocabulary.characters), FIRST + len(self.vocabulary.words), TARGET_SIZE, shape
            )
            network.load_state_dict(load_file(path))
            return network
        texts = [s.text for c in (self.thucnews, self.tnews) for s in c.train] + self.sentences
        texts += [s.hint for s in self.tnews.train if s.hint]
        network = pretrained(
            self.vocabulary, self._static, texts, self.encode(texts), config.network, START, self.report
        )
        save_file(network.state_dict(), path)
        return network

    def report(self, epoch: Epoch) -> None:
        """One line a pass."""
        self.say(f"  第 {epoch.number} 轮：损失 {epoch.loss:.4f}，开发集 {epoch.score:.4f}{' *' if epoch.best else ''}")


def config_of(task: str) -> ClassifierConfig:
    """The settings of a shipped task."""
    config = ClassifierConfig()
    if task == "polarity":
        own = replace(config.training, epochs=3, batch_size=32, soft_weight=0.8)
        return replace(config, piece=200, precision=0.9, training=own)
    if task == "genre":
        own = replace(config.training, epochs=5, soft_weight=0.0)
        return replace(config, piece=160, precision=0.9, training=own)
    return replace(config, precision=0.9, training=replace(config.training, epochs=3, soft_weight=0.0))


def corpus_of(task: str, shop: Workshop, own: Sequence[Sample] | None = None) -> Corpus:
    """The labelled texts of a shipped task; ``own``: the written texts that are learned from, all when None."""
    chosen = written(task) if own is None else own
    if task == "polarity":
        return polarity.corpus(shop.folder, chosen)
    return genres.corpus(chosen) if task == "genre" else channels.corpus(shop.folder, chosen)


def learn(task: str, shop: Workshop, corpus: Corpus) -> TextClassifier:
    """A classifier that learned from the train part; it is not calibrated."""
    config, english = config_of(task), ENGLISH[task]
    return fit(
        task,
        tuple(english),
        corpus.train,
        (),
        multi_label=task == "genre",
        vocabulary=shop.vocabulary,
        start=shop.start(config),
        encode=shop.encode,
        config=config,
        english=english,
        report=shop.report,
    )


def judge(task: str, shop: Workshop) -> tuple[TextClassifier, dict[str, float]]:
    """A network that learned without the last judge, calibrated by what such networks say of texts they did not learn.

    The figures are of those texts too.
    """
    logits: list[Floats] = []
    samples: list[Sample] = []
    for turn in turns(task):
        classifier = learn(task, shop, corpus_of(task, shop, turn.learned))
        encoded = [classifier.vocabulary.encode(sample.text[: classifier.config.piece]) for sample in turn.judged]
        logits.append(classifier.network.logits(encoded))
        samples += turn.judged
        truth = truth_of(classifier.labels, turn.judged)
        first = truth[np.arange(len(truth)), logits[-1].argmax(axis=1)].mean()
        shop.say(f"{task}：{turn.name} {len(truth)} 条没有学过，首个标签对 {first:.4f}")
    said, truth = np.concatenate(logits), truth_of(classifier.labels, samples)
    calibration = calibrated(said, truth, classifier.multi_label, classifier.config.precision)
    found: evaluate.MultiLabelReport | evaluate.SingleLabelReport
    if classifier.multi_label:
        found = evaluate.score_multi(sigmoid(said, calibration.temperature), truth > 0, calibration.thresholds)
    else:
        found = evaluate.score_single(
            softmax(said, calibration.temperature), truth.argmax(axis=1), calibration.threshold
        )
    figures = {f"writer_{name}": value for name, value in found.figures.items()}
    return replace(classifier, calibration=calibration), {"writer_texts": len(samples), **figures}


def train_task(task: str, shop: Workshop, folder: Path) -> dict[str, float]:
    """Judge, train from everything and publish one task; returns the figures."""
    classifier, metrics = judge(task, shop)
    corpus = corpus_of(task, shop)
    shop.say(f"{task}：{len(corpus.train):,} 条训练，{len(corpus.test):,} 条公开语料测试")
    if len(turns(task)) > 1:
        # The one judge of a task stays apart: what was judged is what ships.
        classifier = replace(learn(task, shop, corpus), calibration=classifier.calibration)
    figure = evaluate.multi_label if classifier.multi_label else evaluate.single_label
    metrics |= {"public_texts": len(corpus.test)}
    metrics |= {f"public_{name}": value for name, value in figure(classifier, corpus.test).figures.items()}
    origin = Origin(DATA[task], False, f"{COMMAND} --task {task}", NOTES[task])
    publish(classifier, folder, origin, metrics)
    return metrics


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="训练随库的分类模型")
    parser.add_argument("--corpora", type=Path, required=True, help="放语料的文件夹，见 docs/分类.md")
    parser.add_argument("--var", type=Path, default=PROJECT / "var", help="运行时数据的文件夹")
    parser.add_argument("--task", choices=TASKS, help="只训练一个")
    options = parser.parse_args()
    torch.set_num_threads(1)
    np.seterr(over="ignore")
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.0f} 秒 {line}", flush=True)  # noqa: T201

    shop = Workshop(options.corpora, options.var, say)
    for task in TASKS if options.task is None else (options.task,):
        say(json.dumps(train_task(task, shop, WEIGHTS / task), ensure_ascii=False))


if __name__ == "__main__":
    main()
