"""Compare the Chinese film titles with a check list that is not part of the project.

    python -m benchmarks.film_titles CHECK.csv

The list has a header with a column that begins with ``movieId``, and the columns year, zh and alias (several separated by
" / ", with their origin in brackets). A film agrees when its title is the list's, or one of its names is one of the
list's. Exit status 1 when fewer than 98 % agree.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from pathlib import Path

from models.recommender.catalogue import Catalogue
from models.recommender.model import FILM_FACTS

LEAST = 0.98
ORIGIN = re.compile(r"[(（][港台/、 ]+[)）]")
MARKS = re.compile(r"[\s·:：,，!！?？\-—~()（）\"“”'‘’.。、]")


def key(name: str) -> str:
    """A name without punctuation, case and the mark of its origin."""
    return MARKS.sub("", ORIGIN.sub("", name)).lower()


def main() -> None:
    """Print the agreement and every difference."""
    parser = argparse.ArgumentParser(description="用一份对照表检查影片的中文片名")
    parser.add_argument("check", type=Path, help="对照表（CSV）")
    films = Catalogue.read(FILM_FACTS)
    same = by_alias = compared = 0
    differences: list[str] = []
    with parser.parse_args().check.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        identifier = next(name for name in reader.fieldnames or () if name.startswith("movieId"))
        for row in reader:
            if row[identifier] not in films or not films[row[identifier]].title:
                continue
            film = films[row[identifier]]
            compared += 1
            listed = {key(name) for name in (row["zh"], *row["alias"].split(" / ")) if name}
            if key(row["zh"]) == key(film.title):
                same += 1
            elif listed & {key(name) for name in (film.title, *film.aliases)}:
                by_alias += 1
                differences.append(f"别名一致  {film.id}：《{film.title}》，对照表是《{row['zh']}》")
            else:
                differences.append(f"不一致    {film.id}：《{film.title}》，对照表是《{row['zh']}》（{row['alias']}）")
            if film.year and abs(film.year - int(row["year"])) > 1:
                differences.append(f"年份      {film.id}：《{film.title}》{film.year}，对照表是 {row['year']}")
    agreement = (same + by_alias) / max(compared, 1)
    print(f"共有的影片 {compared} 部：片名相同 {same}，别名一致 {by_alias}，合计 {agreement:.1%}")
    print("\n".join(differences))
    if agreement < LEAST:
        sys.exit(1)


if __name__ == "__main__":
    main()
