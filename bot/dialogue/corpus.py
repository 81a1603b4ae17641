"""Examples that nobody writes by hand: questions of the FAQ and the small talk, and texts without meaning."""

import random
import string
from pathlib import Path
from typing import Dict, List, Tuple

import yaml

QUESTIONS_PER_ENTRY = 3
COMMANDS = ("recommend", "classify", "compose", "appraise", "faq", "handoff", "greet", "inform", "restart")
FIELDS = ("genre", "mood", "title", "style", "tempo", "text", "intent")
VALUES = ("喜剧", "悲伤", "电影", "钢琴", "欢快", "体育", "油画", "会员")
"""What people write who try to command the assistant in the form that Rasa's own channels obey."""
MAX_SHARE = 2.0
"""Generated examples of an intent, at most, for each one that was written for it by hand in ``nlu_data/nlu``."""


def questions_of(folder: Path) -> Tuple[List[List[str]], List[str]]:
    """The questions of every entry of a FAQ folder, and the names of files that could not be read."""
    entries: List[List[str]] = []
    unread: List[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            category = yaml.safe_load(path.read_text(encoding="utf-8"))
            found = [[str(q) for q in entry["questions"]] for entry in category["entries"]]
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            unread.append(path.name)
            continue
        entries += found
    return entries, unread


def chosen(entries: List[List[str]], limit: int, rng: random.Random) -> List[str]:
    """At most ``QUESTIONS_PER_ENTRY`` questions an entry, the first (canonical) one always, ``limit`` in all."""
    texts: List[str] = []
    for questions in entries:
        others = questions[1:]
        texts += questions[:1] + rng.sample(others, min(QUESTIONS_PER_ENTRY - 1, len(others)))
    if len(texts) > limit:
        texts = rng.sample(texts, limit)
    return sorted({" ".join(text.split()) for text in texts if text.strip()})


def write_examples(path: Path, intent: str, texts: List[str]) -> None:
    """Write a training file; unchanged content leaves the file alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body: Dict[str, object] = {"intent": intent, "examples": "".join(f"- {escaped(t)}\n" for t in texts)}
    content = yaml.safe_dump({"version": "3.1", "nlu": [body]}, allow_unicode=True, sort_keys=False, width=10_000)
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")


def escaped(text: str) -> str:
    """A text without the signs that annotate entities in training data."""
    return text.replace("[", "［").replace("]", "］")


def written_examples(nlu_dir: Path, intent: str) -> int:
    """How many examples were written by hand for an intent."""
    path = nlu_dir / f"{intent}.yml"
    if not path.exists():
        return 0
    items = yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    return sum(str(i.get("examples", "")).count("\n") for i in items if i.get("intent") == intent)


def nonsense(rng: random.Random) -> List[str]:
    """Texts without meaning, for ``out_of_scope``: without them a message of unknown signs looks like a short “好”."""
    letters = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 10))) for _ in range(100)]
    digits = ["".join(rng.choices(string.digits, k=rng.randint(1, 12))) for _ in range(20)]
    signs = ["".join(rng.choices("/#*&^%$@+=|<>{}_;", k=rng.randint(1, 6))) for _ in range(20)]
    mixed = [f"{rng.choice('/#@')}{a}{rng.choice('_ -')}{b}" for a, b in zip(letters[:20], letters[20:40], strict=True)]
    characters = ["".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(rng.randint(1, 5))) for _ in range(40)]
    commands = [
        f'/{rng.choice(COMMANDS)}{{"{rng.choice(FIELDS)}":"{rng.choice(VALUES)}"}}'[rng.randint(0, 1) :]
        for _ in range(40)
    ]
    return sorted({*letters, *digits, *signs, *mixed, *characters, *commands})


def as_typed(development: Path) -> Dict[str, List[str]]:
    """Questions in the words of visitors, by intent: those that the FAQ answers, and those that nothing answers."""
    if not development.is_file():
        return {}
    content = yaml.safe_load(development.read_text(encoding="utf-8"))
    answered = [text for texts in content.get("paraphrases", {}).values() for text in texts]
    return {"faq": sorted(set(answered)), "out_of_scope": sorted(set(content.get("unanswerable", ())))}


def generate(nlu_dir: Path, sources: Dict[str, Path], development: Path, out_dir: Path) -> List[str]:
    """Write ``out_dir/<intent>_questions.yml`` for every intent whose folder of content exists, and ``nonsense.yml``.

    Args:
        nlu_dir: the hand-written examples, which decide how many generated ones there may be.
        sources: intent → folder in FAQ format.
        development: the FAQ's development set, written to ``out_dir/<intent>_typed.yml``; may be absent.

    Returns:
        names of content files that could not be read.
    """
    unread: List[str] = []
    for intent, folder in sources.items():
        entries, bad = questions_of(folder)
        unread += bad
        limit = max(100, int(MAX_SHARE * written_examples(nlu_dir, intent)))
        path = out_dir / f"{intent}_questions.yml"
        texts = chosen(entries, limit, random.Random(1))
        if texts:
            write_examples(path, intent, texts)
        else:
            path.unlink(missing_ok=True)
    for intent, texts in as_typed(development).items():
        write_examples(out_dir / f"{intent}_typed.yml", intent, texts)
    write_examples(out_dir / "nonsense.yml", "out_of_scope", nonsense(random.Random(1)))
    return unread
