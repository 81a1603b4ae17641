"""Understanding, measured on held-out utterances: routing, out-of-scope questions, entities.

``python -m benchmarks.nlu`` scores the trained archive; ``--cross-validate`` prints, on the training data alone, the
table from which the threshold in config.yml is chosen. Runs under the Python of the dialogue process.
"""

# ruff: noqa: E402, UP036 - this file starts under either Python

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIALOGUE_PYTHON = ROOT / ".venv-dialogue" / "bin" / "python"
if sys.version_info >= (3, 11):
    os.execv(DIALOGUE_PYTHON, [str(DIALOGUE_PYTHON), "-m", "benchmarks.nlu", *sys.argv[1:]])  # noqa: S606

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import asyncio
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import yaml

from bot.dialogue.env import ARCHIVE, read_env
from bot.dialogue.logs import configure_logging
from bot.dialogue.nlu.features import syllable
from bot.dialogue.nlu.text import simplify

RESULTS = ROOT / "benchmarks" / "results" / "nlu.json"
HELD_OUT = ROOT / "nlu_data" / "heldout"
ANNOTATION = re.compile(r"\[([^\]]+)\]\(([^)]*)\)")
SKILLS = ("recommend", "classify", "compose", "appraise", "handoff")
CAPABILITY = {"faq": "faq", "out_of_scope": "faq", "nlu_fallback": "faq", "capabilities": "capabilities"}
CAPABILITY.update({skill: skill for skill in SKILLS})
NOISE = 0.15
"""Share of characters that are replaced by a homophone in the noisy run."""

Span = tuple[int, int, str]
Parse = Callable[[str], dict[str, Any]]


def capability(intent: str) -> str:
    """Where an intent leads: everything that is neither a skill nor a question is small talk."""
    return CAPABILITY.get(intent, "chitchat")


def examples(path: Path) -> list[tuple[str, str, list[Span]]]:
    """(text in simplified characters as the gateway sends it, intent, entities) of a file of NLU data."""
    found: list[tuple[str, str, list[Span]]] = []
    for item in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
        for line in str(item.get("examples", "")).splitlines() if "intent" in item else ():
            if not line.startswith("- "):
                continue
            text, spans, at = "", [], 0
            for match in ANNOTATION.finditer(line[2:]):
                text += line[2:][at : match.start()]
                spans.append((len(text), len(text) + len(match.group(1)), match.group(2)))
                text += match.group(1)
                at = match.end()
            text += line[2:][at:]
            found.append((simplify(text), item["intent"], spans))
    return found


def homophones() -> dict[str, list[str]]:
    """Frequent characters by sound, the most frequent first."""
    import jieba

    counts: dict[str, int] = {}
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, count, *_ = line.split(" ")
        if len(word) == 1:
            counts[word] = int(count)
    by_sound: dict[str, list[str]] = defaultdict(list)
    for character in sorted(counts, key=lambda c: -counts[c])[:3500]:
        by_sound[syllable(character)].append(character)
    return by_sound


def misheard(text: str, by_sound: dict[str, list[str]], rng: random.Random) -> str:
    """The text with ``NOISE`` of its Chinese characters replaced by homophones, and without punctuation."""
    heard = []
    for character in re.sub(r"[，。？！、,.?!]", "", text):
        others = [c for c in by_sound.get(syllable(character), ())[:8] if c != character]
        heard.append(rng.choice(others) if others and rng.random() < NOISE else character)
    return "".join(heard)


def score(true: Sequence[str], predicted: Sequence[str], confidence: Sequence[float]) -> dict[str, Any]:
    """Figures of one run. ``predicted`` may hold ``nlu_fallback``."""
    right = [capability(t) == capability(p) for t, p in zip(true, predicted, strict=True)]
    off_topic = [n for n, t in enumerate(true) if t == "out_of_scope"]
    false = [n for n in off_topic if capability(predicted[n]) in SKILLS]
    by_intent: dict[str, list[bool]] = defaultdict(list)
    for t, r in zip(true, right, strict=True):
        by_intent[t].append(r)
    wrong = Counter(f"{t} → {capability(p)}" for t, p, r in zip(true, predicted, right, strict=True) if not r)
    return {
        "utterances": len(true),
        "routing_accuracy": float(np.mean(right)),
        "intent_accuracy": float(np.mean([t == p for t, p in zip(true, predicted, strict=True)])),
        "out_of_scope_to_skill": len(false) / max(1, len(off_topic)),
        "confidence_of_those": float(np.mean([confidence[n] for n in false])) if false else None,
        "routing_by_intent": {intent: round(float(np.mean(r)), 4) for intent, r in sorted(by_intent.items())},
        "most_confused": dict(wrong.most_common(8)),
    }


def entity_scores(parse: Parse, marked: Sequence[tuple[str, str, list[Span]]]) -> dict[str, Any]:
    """F1 over exact spans with the right name, in all and by name, whatever the intent was taken for."""
    hits: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for text, _, spans in marked:
        true, given = set(spans), {(e["start"], e["end"], e["entity"]) for e in parse(text)["entities"]}
        both.update(name for side in (true, given) for _, _, name in side)
        hits.update(name for _, _, name in true & given)
    by_name = {name: round(2 * hits[name] / both[name], 4) for name in sorted(both)}
    return {"f1": 2 * hits.total() / max(1, both.total()), "by_name": by_name}


def measure(parse: Parse) -> dict[str, Any]:
    """Score a way of parsing on all held-out data."""
    held_out = examples(HELD_OUT / "nlu.yml")
    true = [intent for _, intent, _ in held_out]

    def run(texts: Sequence[str]) -> dict[str, Any]:
        parsed = [parse(text)["intent"] for text in texts]
        return score(true, [p["name"] or "nlu_fallback" for p in parsed], [p["confidence"] for p in parsed])

    texts = [text for text, _, _ in held_out]
    began = time.perf_counter()
    result = run(texts)
    result["ms_a_message"] = (time.perf_counter() - began) * 1000 / len(texts)
    rng, by_sound = random.Random(7), homophones()
    noisy = run([misheard(text, by_sound, rng) for text in texts])
    result["misheard"] = {key: noisy[key] for key in ("routing_accuracy", "out_of_scope_to_skill")}
    result["entities"] = entity_scores(parse, examples(HELD_OUT / "entities.yml"))
    result["faq_questions"] = faq_questions(parse)
    return result


def faq_questions(parse: Parse) -> dict[str, float]:
    """Of the held-out questions for the FAQ: how many reach it, and how many of the unanswerable ones start a skill."""
    content = yaml.safe_load((HELD_OUT / "faq.yml").read_text(encoding="utf-8"))

    def reached(texts: Sequence[str]) -> list[str]:
        return [capability(parse(simplify(text))["intent"]["name"] or "nlu_fallback") for text in texts]

    inside = reached([text for texts in content["paraphrases"].values() for text in texts])
    outside = reached(content["out_of_scope"])
    return {
        "questions": len(inside),
        "to_the_faq": inside.count("faq") / len(inside),
        "unanswerable": len(outside),
        "unanswerable_to_skill": sum(c not in {"faq", "chitchat"} for c in outside) / len(outside),
    }


def show(result: dict[str, Any]) -> None:
    """Print the main figures."""
    print(f"held-out utterances        {result['utterances']}")
    print(f"routing accuracy           {result['routing_accuracy']:.3f}   (target ≥ .93)")
    print(f"intent accuracy            {result['intent_accuracy']:.3f}")
    print(f"out-of-scope to a skill    {result['out_of_scope_to_skill']:.3f}   (target ≤ .05)")
    noisy = result["misheard"]
    print(
        f"misheard: routing {noisy['routing_accuracy']:.3f}, out-of-scope to a skill {noisy['out_of_scope_to_skill']:.3f}"
    )
    faq = result["faq_questions"]
    print(
        f"FAQ questions: {faq['to_the_faq']:.3f} of {faq['questions']} reach it; of {faq['unanswerable']} that it"
        f" does not answer {faq['unanswerable_to_skill']:.3f} start a skill"
    )
    entities = result["entities"]
    print(f"entity F1                  {entities['f1']:.3f}   {entities['by_name']}")
    print(f"ms a message               {result['ms_a_message']:.2f}")
    print("routing by intent         ", result["routing_by_intent"])
    print("most confused             ", result["most_confused"])


def cross_validate() -> None:
    """Five folds over the training data: accuracy, and what each threshold does."""
    from sklearn.model_selection import StratifiedKFold

    from bot.dialogue.nlu.intent_classifier import decide
    from bot.dialogue.nlu.intent_model import IntentModel
    from bot.dialogue.nlu.lists import read_lists
    from bot.dialogue.nlu.static_vectors import StaticVectors

    env = read_env()
    own = [e for path in sorted((ROOT / "nlu_data" / "nlu").glob("*.yml")) for e in examples(path)]
    extra = [e for path in sorted((env.var_dir / "nlu").glob("*.yml")) for e in examples(path)]
    vectors = StaticVectors(env.var_dir / "encoder" / "static")
    lists = read_lists(ROOT / "nlu_data" / "lookups")
    routes = next(
        part["routes"]
        for part in yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
        if "routes" in part
    )
    true, found, by_sound, rng, noisy = [], [], homophones(), random.Random(7), []
    intents: list[str] = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=1).split(own, [e[1] for e in own]):
        model = IntentModel(vectors, lists)
        learned = [own[n] for n in train] + extra
        model.fit([e[0] for e in learned], [e[1] for e in learned])
        intents = model.intents
        true += [own[n][1] for n in test]
        found += [model.probabilities(own[n][0]) for n in test]
        noisy += [model.probabilities(misheard(own[n][0], by_sound, rng)) for n in test]
    print("threshold  routing  out-of-scope to a skill  skill found | misheard: routing")
    for threshold in (0.0, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6):
        decided = [decide(intents, p, routes, threshold) for p in found]
        result = score(true, [name for name, _ in decided], [sure for _, sure in decided])
        heard = score(true, [decide(intents, p, routes, threshold)[0] for p in noisy], [0.0] * len(true))
        skill = np.mean([c for i in SKILLS for c in [result["routing_by_intent"][i]]])
        print(
            f"{threshold:9.2f}  {result['routing_accuracy']:7.4f}  {result['out_of_scope_to_skill']:23.4f}  {skill:11.4f}"
            f" | {heard['routing_accuracy']:.4f}"
        )


def archive_parser(archive: Path) -> Parse:
    """Parses with a trained archive."""
    from rasa.core.agent import Agent

    agent, loop = Agent.load(archive), asyncio.new_event_loop()
    return lambda text: loop.run_until_complete(agent.parse_message(text))


def main() -> None:
    """Score the archive and write the result, or cross-validate."""
    configure_logging("ERROR")
    if "--cross-validate" in sys.argv[1:]:
        cross_validate()
        return
    result = measure(archive_parser(ARCHIVE))
    show(result)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
