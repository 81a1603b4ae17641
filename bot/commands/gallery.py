"""`wenyu gallery …`: the operator's gallery of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import get_settings

if TYPE_CHECKING:
    from models.appraisal.model import Appraiser

app = typer.Typer(no_args_is_help=True)


def _appraiser() -> Appraiser:
    from models.appraisal.model import WEIGHTS, Appraiser, Learned
    from models.errors import WenyuError
    from models.vision.backbone import Backbone

    settings = get_settings()
    own = settings.var_dir / "appraisal" / "weights"
    folder = own if (own / "manifest.json").is_file() else WEIGHTS
    try:
        learned = Learned.load(folder, commercial_use=settings.commercial_use)
    except WenyuError as error:
        print(f"没有打分的模型，只按相似度入库：{error.user_message}")
        learned = None
    return Appraiser(Backbone(settings.effective_vision_dir), learned)


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="图片文件夹；子文件夹的名字当作流派或画家", exists=True)],
    school: Annotated[str, typer.Option(help="整个文件夹的流派或画家")] = "",
) -> None:
    """把一个文件夹的画加进画廊；几秒内生效，不用重启。"""
    from models.appraisal.gallery import Gallery

    appraiser = _appraiser()
    gallery = Gallery.open(get_settings().var_dir / "gallery", appraiser.backbone.fingerprint)
    found = gallery.add(folder, appraiser, school, print)
    schools = "、".join(found.schools()) or "还没有（每家至少五幅）"
    print(f"画廊里现在有 {len(found.works)} 幅。认识的流派：{schools}。")


@app.command(name="list")
def list_() -> None:
    """列出画廊里的作品，分数高的在前。"""
    from models.appraisal.gallery import Gallery
    from models.vision.backbone import Backbone

    settings = get_settings()
    gallery = Gallery.open(settings.var_dir / "gallery", Backbone(settings.effective_vision_dir).fingerprint)
    for work in sorted(gallery.works, key=lambda w: -(w.score or 0)):
        print(f"{work.score or 0:5.1f}  {work.school:8s}  {work.title}")
    if not gallery.works:
        print("画廊是空的。用 wenyu gallery add 文件夹 加进来。")
