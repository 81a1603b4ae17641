"""deploy/: the manifests are what Kubernetes and Compose accept, and name only what the project has."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSIONS = ("1.28", "1.37")
SETTINGS = {f"WENYU_{name.upper()}" for name in Settings.model_fields}


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def objects() -> dict[tuple[str, str], dict[str, Any]]:
    """Every object of the manifests by kind and name."""
    paths = [path for path in sorted(KUBERNETES.glob("*.yaml")) if path.name != "kustomization.yaml"]
    found = [document for path in paths for document in documents(path)]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_keeps_to_its_schema(version: str) -> None:
    for one in objects().values():
        kubernetes_validate.validate(one, version, strict=True)


def test_a_slip_in_a_manifest_is_found() -> None:
    wrong = copy.deepcopy(objects()["Deployment", "wenyu"])
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_what_objects_name_is_there() -> None:
    found = objects()
    pod = found["Deployment", "wenyu"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    for source in container["envFrom"]:
        for kind, reference in ((("ConfigMap", "configMapRef")), ("Secret", "secretRef")):
            assert reference not in source or (kind, source[reference]["name"]) in found
    (volume,) = pod["spec"]["volumes"]
    assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in found
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"]}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports["http"] == Settings.model_fields["port"].default
    labels = pod["metadata"]["labels"]
    assert found["Service", "wenyu"]["spec"]["selector"] == labels
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert found[kind, "wenyu"]["spec"]["selector"]["matchLabels"] == labels
    (path,) = found["Ingress", "wenyu"]["spec"]["rules"][0]["http"]["paths"]
    assert ("Service", path["backend"]["service"]["name"]) in found
    assert found["Secret", "wenyu"]["stringData"]["WENYU_DATABASE_URL"].endswith("@wenyu-postgres/wenyu")
    listed = set(documents(KUBERNETES / "kustomization.yaml")[0]["resources"])
    written = {path.name.replace(".example", "") for path in KUBERNETES.glob("*.yaml")}
    assert listed == written - {"kustomization.yaml"}


def test_probes_are_routes_of_the_gateway() -> None:
    (container,) = objects()["Deployment", "wenyu"]["spec"]["template"]["spec"]["containers"]
    routes = re.findall(r'web\.get\("([^"]+)"', (ROOT / "bot" / "gateway" / "app.py").read_text())
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] in routes


def test_the_pod_runs_without_rights() -> None:
    pod = objects()["Deployment", "wenyu"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert str(pod["securityContext"]["runAsUser"]) in (DEPLOY / "Dockerfile").read_text()
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    # Longer than `wenyu run` takes to stop its processes one after the other.
    assert pod["terminationGracePeriodSeconds"] >= 30


def test_every_setting_that_is_named_exists() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            named = set(re.findall(r"\bWENYU_[A-Z_]+\b", path.read_text(encoding="utf-8")))
            assert named <= SETTINGS, path


def test_compose_and_kubernetes_run_the_same_images() -> None:
    services = compose()["services"]
    pods = {
        kind: objects()[kind]["spec"]["template"]["spec"]
        for kind in objects()
        if "template" in objects()[kind].get("spec", {})
    }
    images = {container["image"] for pod in pods.values() for container in pod["containers"]}
    assert {service["image"] for service in services.values()} == images
    assert set(services["wenyu"]["depends_on"]) <= set(services)
    volumes = {mount.partition(":")[0] for service in services.values() for mount in service["volumes"]}
    assert volumes == set(compose()["volumes"])
    assert (DEPLOY / services["wenyu"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["wenyu"]["build"]["dockerfile"]).is_file()
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    assert f"wenyu:{version[1]}" in images


def test_no_service_is_open_to_the_world() -> None:
    for service in compose()["services"].values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_compose_accepts_its_file(tmp_path: Path) -> None:
    if (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
        if shutil.which("docker")
        else True
    ):
        pytest.skip("needs docker compose")
    for name in ("compose.yaml",):
        shutil.copy(DEPLOY / name, tmp_path / name)
    (tmp_path / ".env").write_text("WENYU_SECRET_KEY=" + "x" * 40 + "\nPOSTGRES_PASSWORD=y\n")
    command = ["docker", "compose", "-f", str(tmp_path / "compose.yaml"), "config", "--quiet"]
    subprocess.run(command, check=True, capture_output=True)


def test_the_dockerfile_copies_and_calls_what_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "python3.11 bot/bootstrap.py setup" in text
    assert (ROOT / "bot" / "bootstrap.py").is_file()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {".git", ".env", "var", ".venv"} <= set(ignored)
