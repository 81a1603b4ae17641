"""The three bands: answer, ask back, refuse; their thresholds, chosen on a curve of judged questions, and their file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from knowledge.confidence import Logistic, Quadratic
from knowledge.errors import CalibrationError
from knowledge.fusion import FusionWeights

Doubles = npt.NDArray[np.float64]
Band = Literal["answer", "suggest", "refuse"]

SHOWN = 4
"""Candidates that are shown when asking back."""
MAX_WRONG = 0.015
"""Share of in-scope questions that may get a wrong answer as certain, and of the others that may get any."""
MIN_TURNED_DOWN = 0.92
"""Share of out-of-scope questions that have to be refused, in the worst of their groups."""
WORTH_SUGGESTING = 0.1
"""Probability that the first candidate is right from which on candidates are shown beside a refusal. On the development
data, of the in-scope questions 97 % then see the right entry as the answer, when asked back, or beside the refusal."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Answer from `right` of the one probability up; else refuse below `in_scope` of the other; else ask back."""

    right: float
    in_scope: float

    def band(self, right: float, in_scope: float) -> Band:
        """The band of a question with these probabilities."""
        if right >= self.right:
            return "answer"
        return "refuse" if in_scope < self.in_scope else "suggest"


@dataclass(frozen=True)
class Curve:
    """Judged questions [n]: both probabilities, place of the right entry (0 first, 99 absent), outside, group."""

    right: Doubles
    in_scope: Doubles
    place: npt.NDArray[np.int64]
    outside: npt.NDArray[np.bool_]
    group: npt.NDArray[np.str_]

    def shares(self, thresholds: Thresholds, group: str) -> dict[str, float]:
        """What happens to the questions of a group, as shares of them."""
        here = self.group == group
        answered = here & (self.right >= thresholds.right)
        refused = here & ~answered & (self.in_scope < thresholds.in_scope)
        asked = here & ~answered & ~refused
        n = max(int(here.sum()), 1)
        return {
            "questions": float(n),
            "first": float((here & (self.place == 0)).sum() / n),
            "answered_right": float((answered & (self.place == 0)).sum() / n),
            "answered_wrong": float((answered & (self.place != 0)).sum() / n),
            "asked_with_right": float((asked & (self.place < SHOWN)).sum() / n),
            "asked": float(asked.sum() / n),
            "refused": float(refused.sum() / n),
        }

    def groups(self) -> list[str]:
        """In-scope groups, then the others."""
        return sorted(set(self.group.tolist()), key=lambda name: (bool(self.outside[self.group == name][0]), name))

    def report(self, thresholds: Thresholds) -> dict[str, dict[str, float]]:
        """The shares of every group, rounded."""
        return {
            group: {name: round(value, 4) for name, value in self.shares(thresholds, group).items()}
            for group in self.groups()
        }

    def table(self, thresholds: Thresholds, deciding: str) -> Iterator[str]:
        """Lines for the operator: every group at the chosen thresholds, then the curve around them."""
        yield f"阈值：把握 ≥ {thresholds.right:.3f} 直接回答；相关度 < {thresholds.in_scope:.3f} 拒答；其余反问"
        yield "  题数  首位正确  答对    答错    反问(含正确)  拒答    组别"
        for group in self.groups():
            s = self.shares(thresholds, group)
            yield (
                f"{s['questions']:6.0f}  {s['first']:6.1%}  {s['answered_right']:6.1%}  {s['answered_wrong']:6.1%}"
                f"  {s['asked']:6.1%}({s['asked_with_right']:.1%})  {s['refused']:6.1%}  {group}"
            )
        yield f"曲线（{deciding}）：提高回答阈值，答错变少，反问变多"
        for right in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            s = self.shares(Thresholds(right, thresholds.in_scope), deciding)
            yield (
                f"  阈值 {right:.1f}：答对 {s['answered_right']:.1%}，答错 {s['answered_wrong']:.1%}，"
                f"反问 {s['asked']:.1%}，拒答 {s['refused']:.1%}"
            )


def choose_thresholds(curve: Curve, deciding: str) -> Thresholds:
    """The lowest thresholds that keep the promises MIN_TURNED_DOWN and MAX_WRONG; `deciding`: the in-scope group.

    A promise about out-of-scope questions has to hold in each of their groups: near misses are the hardest, and far
    questions, of which there are always more, must not outvote them.
    """
    outside_groups = [g for g in curve.groups() if curve.outside[curve.group == g][0]]

    def shares(values: npt.NDArray[np.bool_]) -> list[float]:
        return [float(values[curve.group == group].mean()) for group in outside_groups]

    here = curve.group == deciding
    right = 1.0 + 1e-6
    for threshold in sorted(set(np.round(curve.right, 4).tolist()), reverse=True):
        answered = curve.right >= threshold
        wrong = (answered & here & (curve.place != 0)).sum() / max(here.sum(), 1)
        if wrong > MAX_WRONG or max(shares(answered)) > MAX_WRONG:
            break
        right = threshold
    unanswered = curve.right < right
    candidates = np.unique(curve.in_scope[curve.outside])
    in_scope = 1.0
    low, high = 0, len(candidates) - 1
    while low <= high:
        middle = (low + high) // 2
        if min(shares(unanswered & (curve.in_scope <= candidates[middle]))) >= MIN_TURNED_DOWN:
            in_scope, high = float(candidates[middle]) + 1e-6, middle - 1
        else:
            low = middle + 1
    return Thresholds(round(right, 4), round(in_scope, 6))


@dataclass(frozen=True)
class Calibration:
    """All that was fitted, for one encoder (its fingerprint), with the shares it gave."""

    encoder: str
    fusion: FusionWeights
    right: Quadratic
    in_scope: Logistic
    thresholds: Thresholds
    report: dict[str, dict[str, float]]
    counterexamples: tuple[str, ...]
    """Questions that the FAQ does not answer; what is asked is compared with them too."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "encoder": self.encoder,
            "thresholds": {"right": self.thresholds.right, "in_scope": self.thresholds.in_scope},
            "fusion": self.fusion.to_json(),
            "right": self.right.to_json(),
            "in_scope": self.in_scope.to_json(),
            "report": self.report,
            "counterexamples": list(self.counterexamples),
        }


def read_calibration(path: Path) -> Calibration:
    """The calibration in a file; raises CalibrationError when it is of another version or not JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Calibration(
            encoder=data["encoder"],
            fusion=FusionWeights.from_json(data["fusion"]),
            right=Quadratic.from_json(data["right"]),
            in_scope=Logistic.from_json(data["in_scope"]),
            thresholds=Thresholds(**data["thresholds"]),
            report=data["report"],
            counterexamples=tuple(data["counterexamples"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CalibrationError(
            f"校准文件 {path.name} 无法使用。", hint="请运行 wenyu faq calibrate 重新校准。"
        ) from error
