"""The commands that measure are no tests, and so nothing but this notices when they do not even start."""

import importlib

import pytest


@pytest.mark.parametrize("package", ["benchmarks", "quality", "llm_quality", "pumping"])
def test_what_measures_can_be_started(package: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    command = importlib.import_module(f"tests.{package}.__main__")
    monkeypatch.setattr("sys.argv", [package, "--help"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out
