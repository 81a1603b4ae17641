"""How the classifying skill says things: labels with probabilities, tags and the words that decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actions.classify_service import ClassifyService
from actions.reply import Button
from models.classifier.model import Classification, Evidence, LabelScore, TextClassifier, classifiable

WHY = Button(title="为什么", payload="为什么")
OTHERS = Button(title="还有别的可能吗", payload="还有别的可能吗")
ENGLISH = Button(title="换成英文标签", payload="换成英文标签")
CHINESE = Button(title="换成中文标签", payload="换成中文标签")
SUBJECTS = {"channel": "频道", "polarity": "评价", "genre": "题材"}
STORIES = ("影视", "读书", "动漫", "戏曲舞台", "游戏")
"""Channels whose texts have a genre."""
CLEAR = 0.5
"""Probability from which a channel says whether a text tells a story."""
WORTH_NAMING = 0.1
SHOWN_CHARACTERS = 24
NOTHING_TO_READ = "没有读到可以分类的内容：请给一段至少两个字的文字，只有标点、数字或表情看不出类别。"


@dataclass(frozen=True)
class Result:
    """What is said of one text: by task, its tags, and the evidence for the main label."""

    text: str
    by_task: Mapping[str, Classification] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    own_labels: tuple[LabelScore, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether every task that was asked for has an answer that the model stands by."""
        return all(result.sure for result in self.by_task.values())

    @property
    def confidence(self) -> float:
        """Probability of the main label, 0 when there is none."""
        return next((result.best.probability for result in self.by_task.values()), 0.0)


def results(service: ClassifyService, texts: Sequence[str], wants: Sequence[str], top: int = 3) -> list[Result]:
    """Classify texts; one without content gets an empty result."""
    good = [text for text in texts if classifiable(text)]
    tasks = [task for task in wants if task in service.classifiers]
    said = {task: dict(zip(good, service.classifiers[task].classify(good, top), strict=True)) for task in tasks}
    own = dict(zip(good, service.zero_shot.label(good), strict=True)) if service.zero_shot and good else {}
    out = []
    for text in texts:
        if not classifiable(text):
            out.append(Result(text))
            continue
        by_task = sensible({task: said[task][text] for task in tasks})
        tags = service.tagger.tags(text).all[:8] if "tags" in wants and service.tagger else ()
        evidence: tuple[Evidence, ...] = ()
        if tasks:
            main, result = next(iter(by_task.items()))
            evidence = tuple(service.classifiers[main].evidence(text, result.best.label))
        out.append(Result(text, by_task, tags, tuple(own.get(text, ())), evidence))
    return out


def sensible(by_task: dict[str, Classification]) -> dict[str, Classification]:
    """Without a genre for what tells no story, and without a channel that is unclear where the genre is clear."""
    channel, genre = by_task.get("channel"), by_task.get("genre")
    if channel is None or genre is None:
        return by_task
    left_out = ""
    if channel.best.probability >= CLEAR:
        left_out = "" if channel.best.label in STORIES else "genre"
    elif genre.sure:
        left_out = "channel"
    return {task: result for task, result in by_task.items() if task != left_out}


def named(score: LabelScore, classifier: TextClassifier, english: bool) -> str:
    """The label as it is shown."""
    return classifier.english.get(score.label, score.label) if english else score.label


def percent(probability: float) -> str:
    """In whole per cent; never 100 %, which nothing here is."""
    return f"{min(99, max(1, round(100 * probability)))}%"


def sentence(task: str, result: Classification, classifier: TextClassifier, english: bool) -> str:
    """One line on one task."""
    subject = SUBJECTS[task]
    names = [f"「{named(s, classifier, english)}」（{percent(s.probability)}）" for s in result.labels]
    if classifier.multi_label:
        return f"{subject}：{'、'.join(names)}" if result.sure else f"{subject}：看不准，最接近的是{names[0]}"
    if not result.sure:
        return f"{subject}：看不准，可能是{'或'.join(names[:2])}"
    second = result.labels[1:2]
    more = f"，也有点像{names[1]}" if second and second[0].probability >= WORTH_NAMING else ""
    return f"{subject}：{names[0]}{more}"


def described(result: Result, service: ClassifyService, english: bool) -> list[str]:
    """The lines on one text."""
    lines = [sentence(task, r, service.classifiers[task], english) for task, r in result.by_task.items()]
    if result.own_labels:
        lines.append("本站标签：" + "、".join(score.label for score in result.own_labels))
    if result.tags:
        lines.append("标签：" + "、".join(result.tags))
    return lines


def short(text: str) -> str:
    """The beginning of a text, for a list."""
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def because(result: Result, service: ClassifyService, english: bool) -> str:
    """The words that decided, task by task."""
    lines = []
    for task, said in result.by_task.items():
        classifier = service.classifiers[task]
        words = [evidence.text for evidence in classifier.evidence(result.text, said.best.label)]
        label = named(said.best, classifier, english)
        if not words:
            lines.append(f"{SUBJECTS[task]}「{label}」：没有哪个词特别说明问题，是整段放在一起看的。")
            continue
        strength = "主要看这几个词" if said.sure else "只有这几个词有一点像，所以看不准"
        lines.append(f"{SUBJECTS[task]}「{label}」：{strength}：{'、'.join(f'“{word}”' for word in words)}。")
    return "\n".join(lines) or "标签是从原文里挑的：出现得多、平时少见的名词，加上书名号、人名和地名。"


def data(found: Sequence[Result], service: ClassifyService, english: bool) -> dict[str, Any]:
    """The machine-readable result: of the first text, and of all of them where there are several."""
    items = [_item(result, service, english) for result in found]
    if not items:
        return {"labels": [], "polarity": None, "tags": [], "evidence": []}
    return items[0] | ({"items": items} if len(items) > 1 else {})


def _item(result: Result, service: ClassifyService, english: bool) -> dict[str, Any]:
    def listed(task: str) -> list[dict[str, Any]]:
        said = result.by_task.get(task)
        if said is None:
            return []
        classifier = service.classifiers[task]
        return [
            {"label": named(score, classifier, english), "probability": round(score.probability, 4)}
            for score in said.labels
        ]

    polarity = listed("polarity")
    return {
        "text": result.text,
        "sure": bool(result.by_task) and result.sure,
        "labels": listed("channel") or listed("genre"),
        "genres": listed("genre"),
        "polarity": polarity[0] if polarity else None,
        "tags": list(result.tags),
        "own_labels": [score.label for score in result.own_labels],
        "evidence": [{"text": e.text, "start": e.start, "end": e.end, "weight": e.weight} for e in result.evidence],
    }
