"""Writes a trained classifier with its manifest and model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models import publishing
from models.classifier.model import TextClassifier
from models.publishing import data_section, metrics_section, training_section

VERSION = "1"
FIGURES = (
    "writer_ 是没有学过的作者写的（轮流留出；温度和阈值也由它们定，所以 ece 和 answered 偏乐观）；public_ 是公开语料的测试部分。",
)


@dataclass(frozen=True)
class Origin:
    """Where a model comes from: the data with its terms, whether they allow commercial use, and the command."""

    data: tuple[Mapping[str, str], ...]
    commercial_use: bool
    command: str
    notes: tuple[str, ...] = ()


def publish(
    classifier: TextClassifier,
    folder: Path,
    origin: Origin,
    metrics: Mapping[str, float],
    tables: Sequence[str] = (),
) -> None:
    """Write weights, card and manifest. ``tables``: Markdown lines of a comparison with other methods."""
    classifier.save(folder)
    publishing.publish(
        folder,
        model_card(classifier, origin, metrics, tables),
        name=f"classifier-{classifier.task}",
        version=VERSION,
        data=list(origin.data),
        commercial_use=origin.commercial_use,
        metrics=dict(metrics),
        command=origin.command,
    )


def model_card(classifier: TextClassifier, origin: Origin, metrics: Mapping[str, float], tables: Sequence[str]) -> str:
    """The card, in Chinese."""
    network = classifier.config.network
    kind = "一段文字可以有几个标签" if classifier.multi_label else "一段文字一个标签"
    lines = [
        f"# 文字分类模型：{classifier.task}",
        "",
        f"{kind}，共 {len(classifier.labels)} 个：{'、'.join(classifier.labels)}。",
        "",
        "## 组成",
        "",
        f"- TextCNN：字（{len(classifier.vocabulary.characters):,} 个）和词（{len(classifier.vocabulary.words):,} 个，"
        f"jieba）各一张 {network.embedding_size} 维词嵌入表；卷积宽度 字 {'、'.join(map(str, network.character_widths))}，"
        f"词 {'、'.join(map(str, network.word_widths))}；时间上取最大值和平均；字的 n 元组另有一条宽路；dropout；softmax 和交叉熵"
        + ("（多标签：sigmoid）。" if classifier.multi_label else "。"),
        "- 词嵌入从句向量编码器的词向量开始，再学着说出编码器对没有标签的句子说的话；"
        "然后学标签，同时学老师（编码器 + 逻辑回归、字和词的 SVM、朴素贝叶斯）交叉拟合的概率。",
        "- 概率经温度校准；低于阈值说“看不准”。词嵌入 int8，其余 float16；推理只用 numpy 和 jieba。",
        "",
        *data_section(origin.data, origin.commercial_use),
        *metrics_section("指标", metrics, *(FIGURES if "writer_texts" in metrics else ())),
    ]
    if tables:
        lines += ["## 与基线和同类比较", "", *tables, ""]
    lines += ["## 局限", "", *(f"- {note}" for note in origin.notes)]
    lines += [
        "- 学的主要是标题和短评；很长的文字分段判断再取平均。",
        "",
        *training_section(origin.command),
    ]
    return "\n".join(lines)
