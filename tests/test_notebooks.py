"""The notebooks run on the smoke profile, and say what they claim: the numbers behind the figures, not the pixels."""

import itertools
import json
import os
from pathlib import Path

import pytest

import ppdl

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
RECORDS = sorted((FOLDER / "results").rglob("*.jsonl"))


def executed(name, tmp_path, **expressions):
    """The values that these expressions have after the notebook is run, through JSON."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    asked = ", ".join(f"{key!r}: {expression}" for key, expression in expressions.items())
    result = tmp_path / "result.json"
    cell = f"import json; from pathlib import Path; Path({str(result)!r}).write_text(json.dumps({{{asked}}}))"
    notebook.cells.append(nbformat.v4.new_code_cell(cell))
    this_package = str(Path(ppdl.__file__).parent.parent)
    environment = {**os.environ, "PPDL_PROFILE": "smoke", "PYTHONPATH": this_package, "OMP_NUM_THREADS": "1"}
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute(env=environment)
    return json.loads(result.read_text())


def test_tour(tmp_path):
    found = executed(
        "tour",
        tmp_path,
        predicted="1 - network.score(X_test, y_test)",
        ordinary="1 - ordinary.score(X_test, y_test)",
        learned="[network.summary().n_dynamic, network.summary().n_parameters]",
        is_product="bool(np.allclose(U @ V, W[:, : V.shape[1]], atol=1e-5))",
        errors="{name: values.mean(axis=1).tolist() for name, values in errors.items()}",
        reference="reference.mean()",
        by_columns="by_columns.mean(axis=1).tolist()",
        same="same",
        difference="float(difference)",
        search="search.best_score_",
        own="1 - own.score(X_test, y_test)",
    )
    assert found["learned"] == [5310, 17610]
    assert found["ordinary"] < 0.04
    assert found["predicted"] < 0.06
    assert found["is_product"]
    assert set(found["errors"]) == {"kernels", "random projections", "random connections", "leading waves"}
    for few, *_, many in found["errors"].values():
        assert few > many
        assert many < found["reference"] + 2.0
    assert found["by_columns"][0] > 2 * found["by_columns"][-1]
    assert found["same"]
    assert found["difference"] < 1e-5
    assert found["search"] > 0.9
    assert found["own"] < 0.08


def test_rica_in_ten_minutes(tmp_path):
    found = executed(
        "rica_in_ten_minutes",
        tmp_path,
        cocktail="cocktail",
        flat="list(flat.values())",
        reference="reference",
        by_contrast="by_contrast",
        units="list(by_units.values())",
        peaked="[float(value) for value in peaked.values()]",
        smallest="[row[3] for row in by_sparsity]",
        copies="[row[4] for row in by_sparsity]",
        fled="[n_fled, n_here]",
        losses="[fit.loss_ for fit in fits.values()]",
        times="list(processor_time.values())",
        stream="stream.loss_curve_",
        at_once="at_once.loss_",
        accuracy="accuracy",
    )
    assert max(found["cocktail"].values()) < 0.02
    own_signs, wrong_signs, right_signs = found["flat"]
    assert max(own_signs, right_signs) < 0.02
    assert wrong_signs > 0.1
    for distances in found["by_contrast"].values():
        assert max(distances[1:]) < 1.1 * found["reference"]
    as_they_are, standardized, whitened = found["units"]
    assert min(as_they_are + standardized) > 5 * max(whitened)
    assert max(whitened) < 1.1 * min(whitened)
    principal, fastica, rica = found["peaked"]
    assert principal < fastica < rica
    assert found["copies"][0] < found["copies"][2] < found["copies"][3]
    assert found["smallest"] == sorted(found["smallest"], reverse=True)
    assert found["fled"][0] > 5 > found["fled"][1] == 0
    whole, half, quarter = found["losses"]
    assert whole < half < quarter < 1.05 * whole
    assert found["times"][2] < found["times"][0]
    assert sum(found["stream"][-5:]) / 5 < 1.08 * found["at_once"] < found["stream"][0]
    assert found["accuracy"]["RICA"] > found["accuracy"]["pixels"]


@pytest.mark.skipif(not RECORDS, reason="the source archive holds no recorded runs")
def test_figure4_left(tmp_path):
    found = executed(
        "figure4_left",
        tmp_path,
        cells="[[*key, row['n_seeds']] for key, row in rows.items()]",
        at_5="{name: ours(name, few)[0] for name in curves}",
        printed_at_5="{name: theirs(name, few) for name in ('SE-Emp', 'RandFixU')}",
        nokernel="100 * reference['test_error']",
        order="order_ours",
        correlation="correlation",
        table="{name: [ours(name, p)[0] for p in proportions] for name in curves}",
        full="{name: ours(name, full)[0] for name in curves}",
        rectifier="[[*key, value] for key, value in rectifier.items()]",
        live="[[row['curve'], row['proportion'], row['test_error']] for row in live.table]",
    )
    assert len({proportion for _, proportion, _ in found["cells"]}) >= 8
    assert min(n_seeds for _, _, n_seeds in found["cells"]) >= 2
    assert found["at_5"]["SE-Emp"] - found["nokernel"] < 0.6
    assert found["at_5"]["RandFixU"] - found["at_5"]["SE-Emp"] > 0.5
    assert found["printed_at_5"] == pytest.approx({"SE-Emp": 2.19, "RandFixU": 3.19}, abs=0.02)
    order = [name for name in found["order"] if name not in ("SE-AE", "LowRank")]
    assert set(order[:2]) == {"SE-Emp", "SE-Emp2"}
    assert order[2:] == ["RandFixU", "RandCon"]
    assert found["correlation"] > 0.8
    assert found["table"]["LowRank"][-1] > 2 * found["table"]["LowRank"][0]
    for kernels, random, narrow in zip(*(found["table"][name][:6] for name in ("SE-Emp", "RandFixU", "narrow"))):
        assert kernels < narrow - 0.1
        assert narrow < random
    assert max(found["full"]["SE-Emp"], found["full"]["SE-Emp2"]) < found["nokernel"] + 0.05
    assert found["full"]["best"] > found["nokernel"] + 0.2
    rectifier = {(curve, proportion): error for curve, proportion, error in found["rectifier"]}
    for proportion in (0.02, 0.05):
        assert rectifier["best", proportion] < rectifier["nokernel", 1.0] + 0.2
        assert rectifier["narrow", proportion] > rectifier["best", proportion] + 0.5
    live = {(curve, proportion): error for curve, proportion, error in found["live"]}
    for proportion in (0.05, 0.1):
        kernels, *others = (live[name, proportion] for name in ("SE-Emp", "RandFixU", "narrow", "RandCon"))
        assert live["nokernel", 1.0] < kernels < 0.8 * min(others)


def test_figure4_right(tmp_path):
    found = executed(
        "figure4_right",
        tmp_path,
        live="[[row['curve'], row['proportion'], row['test_error']] for row in live.table]",
        errors="report.rate",
        recorded="[] if recorded is None else [[row['curve'], row['test_error']] for row in recorded.table]",
    )
    live = {(curve, proportion): error for curve, proportion, error in found["live"][:10]}
    baselines = {curve: error for curve, _, error in found["live"][10:]}
    best, nokernel = baselines["true model’s own Viterbi path"], live["nokernel", 1.0]
    assert best < nokernel < 1.1 * best < 0.3 * baselines["bigram alone"]
    for proportion in (0.1, 0.2):
        assert live["5-columns", proportion] < nokernel + 0.02 < live["1-column", proportion]
    assert found["errors"] < nokernel + 0.03
    errors = dict(found["recorded"])
    if errors:
        assert errors["nokernel"] < 0.7 * errors["bigram alone"] < errors["most frequent phone everywhere"]


@pytest.mark.skipif(not RECORDS, reason="the source archive holds no recorded runs")
def test_figure1(tmp_path):
    found = executed("figure1", tmp_path, recorded="recorded.table", live="live.table")
    for row in (*found["recorded"], *found["live"]):
        assert 0.48 <= row["kept"] <= 0.5
        assert row["relative_error"] < 0.9 * row["without_prediction"]
    errors = {row["block"]: row["relative_error"] for row in found["recorded"]}
    assert list(errors) == ["convnet-stl10", "mlp-mnist", "convnet-cifar10", "natural-images", "stl10"]
    assert max(errors.values()) < 0.4


def test_figure3(tmp_path):
    found = executed(
        "figure3", tmp_path, convnet="convnet.table", perceptron="perceptron.table", accuracy="float(accuracy)"
    )
    for table, share in ((found["convnet"], 0.25), (found["perceptron"], 0.1)):
        learned = sum(row["learned"] for row in table[:-1])
        assert 0.95 * share <= learned / sum(row["weights"] for row in table[:-1]) <= share
        assert table[-1]["learned"] == table[-1]["weights"]
    assert found["accuracy"] > 0.85


@pytest.mark.skipif(not RECORDS, reason="the source archive holds no recorded runs")
def test_figure5(tmp_path):
    found = executed(
        "figure5",
        tmp_path,
        live="live.table",
        recorded="recorded.table",
        narrow="[convnet.narrowed(p).n_dynamic(1.0) / convnet.n_dynamic(p) for p in (0.1, 0.25, 0.5, 0.75)]",
    )
    assert [row["proportion"] for row in found["live"]] == [0.25, 0.5, 1.0, 0.25, 0.5, 0.25, 0.5]
    live, errors = (
        {(row["curve"], row["proportion"]): row["test_error"] for row in found[name]} for name in ("live", "recorded")
    )
    assert set(live) == {("predicted", 1.0), *itertools.product(("predicted", "balanced", "narrow"), (0.25, 0.5))}
    assert max(live.values()) < 0.15
    assert max(live["predicted", 1.0], live["balanced", 0.25]) < live["predicted", 0.25]
    assert errors["balanced", 0.1] < errors["predicted", 0.1] < errors["narrow", 0.1] < 0.3
    assert max(abs(ratio - 1.0) for ratio in found["narrow"]) < 0.03


@pytest.mark.skipif(not RECORDS, reason="the source archive holds no recorded runs")
def test_figure2(tmp_path):
    found = executed(
        "figure2",
        tmp_path,
        tables="{data: figure.table for data, figure in figures.items()}",
        live="live.table",
    )
    assert set(found["tables"]) == {"natural-images", "stl10"}
    for table in (*found["tables"].values(), found["live"]):
        assert [row["proportion"] for row in table] == [tenths / 10 for tenths in range(10, 0, -1)]
    for table in found["tables"].values():
        assert table[5]["objective"] < 1.005 * table[0]["objective"] < table[9]["objective"]
        assert table[5]["kurtosis"] > 0.7 * table[0]["kurtosis"] > table[9]["kurtosis"]


@pytest.mark.skipif(not RECORDS, reason="the source archive holds no recorded runs")
def test_figure6(tmp_path):
    found = executed(
        "figure6",
        tmp_path,
        seeds="[row['n_seeds'] for figure in (*left.values(), right) for row in figure.table]",
        gaps="{data: list(map(list, values.items())) for data, values in gaps.items()}",
        gains="list(gains.values())",
        check="{row['encoding']: row['accuracy'] for row in check.table}",
        live="{row['proportion']: row['accuracy'] for row in live.table if row['curve'] == 'SE'}",
    )
    assert min(found["seeds"]) >= 3
    for values in found["gaps"].values():
        gaps = dict(values)
        assert gaps[0.5] < 1.0 < gaps[0.2] < gaps[0.1]
        assert abs(gaps[1.0]) < 0.3
    assert min(found["gains"]) > 0.0
    assert found["check"]["kmeans-triangle"] > 0.765
    best = max(accuracy for encoding, accuracy in found["check"].items() if encoding != "kmeans-triangle")
    assert best > 0.70
    assert found["live"]["0.1"] + 0.1 < found["live"]["0.5"]
    assert abs(found["live"]["0.5"] - found["live"]["1.0"]) < 0.03


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_executed_and_small(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert path.stat().st_size < 500_000
