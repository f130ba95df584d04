"""What a command says where a package of an extra is not installed: what to install, and before any long work."""

from __future__ import annotations

import importlib.util

import pytest

from sayso import cli
from sayso.cli.train import _check_packages
from sayso.model.errors import SaysoError


def main_without(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command that imports a module which is not there."""

    def lacking() -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli, "app", lacking)
    cli.main()


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("torch", "torch", "train"),
        ("polars", "polars", "frame"),
        ("sklearn.linear_model", "scikit-learn", "evaluate"),
        ("cassis", "dkpro-cassis", "convert"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    module: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f'{package}>=1.0; extra == "{extra}"', "numpy>=1.26", f'{package}; extra == "test"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    with pytest.raises(SystemExit) as ended:
        main_without(module, monkeypatch)
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert f"not installed: {package}\n" in said
    assert said.endswith(f"pip install 'sayso[{extra}]'\n")


def test_a_missing_module_of_ours_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModuleNotFoundError):
        main_without("sayso.nowhere", monkeypatch)


def test_training_without_its_packages_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else object())
    with pytest.raises(SaysoError, match=r"found: +onnx\n.*sayso\[train\]"):
        _check_packages(dry_run=False)
    # Labels may be checked on a machine that will not train.
    _check_packages(dry_run=True)
    assert "onnx" in capsys.readouterr().err
