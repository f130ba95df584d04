"""The example notebook runs from top to bottom."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("polars", reason="the framing report needs the frame extra")
nbclient = pytest.importorskip("nbclient", reason="running the notebook needs nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="running the notebook needs nbclient and ipykernel")
nbformat = pytest.importorskip("nbformat", reason="running the notebook needs nbclient and ipykernel")

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "framing.ipynb"


@pytest.mark.slow
def test_the_notebook_runs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # It is kept with its outputs, so that it can be read without being run.
    assert all(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in shown if output.output_type == "error"] == []
    tables = [output["data"]["text/plain"] for output in shown if output.output_type == "execute_result"]
    assert len(tables) >= 5
    assert any("corrected_low" in table for table in tables)
