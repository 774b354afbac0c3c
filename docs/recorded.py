"""Tables and cards of these pages, made from what is recorded, so that no number is written by hand.

`write` is called by `conf.py` before Sphinx reads the pages: they include what it leaves in `_generated`, and the
notebooks that it copies are pages themselves.
"""

import base64
import csv
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks/results"
PRINTED = ROOT / "src/ppdl/reproduce/figures/printed"
BENCHMARKS = ROOT / "benchmarks/results"


def rows_of(path):
    """Rows of a recorded table, as dictionaries; numbers as floats."""
    with path.open(newline="") as file:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def table(heads, lines):
    """Format lines of cells as a table of numbers, in Markdown."""
    rows = "\n".join(f"| {' | '.join(map(str, line))} |" for line in (heads, ["---"] * len(heads), *lines))
    return f"```{{table}}\n:class: numbers\n\n{rows}\n```\n"


def share(proportion):
    """Tell a proportion in per cent, as shortly as can be."""
    return f"{100 * proportion:.3g} %"


def percent(mean, deviation=""):
    """Tell a mean in per cent, with its standard deviation where there is one."""
    return f"{100 * mean:.2f}" + (f" ± {100 * deviation:.2f}" if deviation != "" else "")


def signed(mean, deviation=""):
    """Tell a difference in points, with its sign."""
    return ("+" if mean > 0 else "") + percent(mean, deviation)


def figure1():
    """Errors of predicted features."""
    heads = ("features of", "relative error", "if zeros stood there")
    rows = rows_of(RESULTS / "figure1/figure1.csv")
    return table(heads, [(r["block"], f"{r['relative_error']:.2f}", f"{r['without_prediction']:.2f}") for r in rows])


def figure2():
    """Objectives above that of ordinary RICA, and how peaked the components are, for each share."""
    names = ("natural-images", "stl10")
    data = {name: {row["proportion"]: row for row in rows_of(RESULTS / name / "figure2.csv")} for name in names}

    def above(rows, proportion):
        return f"{100 * (rows[proportion]['objective'] / rows[1.0]['objective'] - 1):+.2f} %"

    def peaked(rows, proportion):
        return f"{rows[proportion]['kurtosis']:.2f}"

    heads = ("objective, natural images", "objective, STL-10", "kurtosis, natural images", "kurtosis, STL-10")
    lines = [
        (share(proportion), *(tell(data[name], proportion) for tell in (above, peaked) for name in names))
        for proportion in data["stl10"]
    ]
    return table(("learned", *heads), lines)


def figure4_left(recipe="modern"):
    """Test errors of a recipe, over the printed ones where there is a point."""
    ours = {(row["curve"], row["proportion"]): row for row in rows_of(RESULTS / f"mnist/{recipe}/figure4_left.csv")}
    printed = {(row["curve"], row["proportion"]): row["test_error"] for row in rows_of(PRINTED / "figure4_left.csv")}
    predicted = [key for key in ours if key[0] != "nokernel"]
    curves = list(dict.fromkeys(curve for curve, _ in predicted))
    proportions = sorted({proportion for _, proportion in predicted})

    def cell(curve, proportion):
        if (curve, proportion) not in ours:
            return ""
        row = ours[curve, proportion]
        text = percent(row["test_error"], row["std"])
        return f"{text}<br>*{percent(printed[curve, proportion])}*" if (curve, proportion) in printed else text

    return table(
        ("learned", *curves),
        [(share(proportion), *(cell(curve, proportion) for curve in curves)) for proportion in proportions],
    )


def nokernel():
    """Test errors where nothing is predicted, for each recipe and as printed."""
    lines = []
    for recipe in ("modern", "decay", "rectifier"):
        rows = rows_of(RESULTS / f"mnist/{recipe}/figure4_left.csv")
        row = next(row for row in rows if row["curve"] == "nokernel")
        lines.append((recipe, f"{row['epochs']:.0f}", f"{row['n_seeds']:.0f}", percent(row["test_error"], row["std"])))
    printed = next(row for row in rows_of(PRINTED / "figure4_left.csv") if row["curve"] == "nokernel")
    lines.append(("the paper's", "unknown", "1", percent(printed["test_error"])))
    return table(("recipe", "epochs", "seeds", "test error, %"), lines)


def figure4_right():
    """Phone errors on TIMIT's sample, differences within a split, and those of what needs no network."""
    lines = []
    for row in rows_of(RESULTS / "timit-sample/figure4_right.csv"):
        gap = "" if row["gap"] == "" or row["curve"] == "nokernel" else signed(row["gap"], row["gap_std"])
        lines.append(
            (
                row["curve"],
                "" if row["learned"] == "" else share(row["learned"]),
                "" if row["n_dynamic"] == "" else f"{row['n_dynamic']:,.0f}",
                f"{row['n_seeds']:.0f}",
                percent(row["test_error"], row["std"]),
                gap,
                percent(row["frame_error"]),
            )
        )
    heads = ("", "learned", "parameters learned", "splits", "phone error, %", "above nokernel, points", "of frames, %")
    return table(heads, lines)


def figure5():
    """Test errors of convolutional networks that are recorded so far, and the printed ones."""
    lines = [
        (
            row["curve"] + images,
            share(row["learned"]),
            f"{row['n_dynamic']:,.0f}",
            f"{row['epochs']:.0f}",
            f"{row['n_seeds']:.0f}",
            percent(row["test_error"], row["std"]),
        )
        for folder, images in (("cifar10", ""), ("cifar10/augmented", ", augmented images"))
        for row in rows_of(RESULTS / folder / "figure5.csv")
    ]
    printed = rows_of(PRINTED / "figure5.csv")
    lines += [
        ("the paper's", share(row["proportion"]), "", "unknown", "1", percent(row["test_error"])) for row in printed
    ]
    return table(("network", "learned", "parameters learned", "epochs", "seeds", "test error, %"), lines)


def figure6_left():
    """Accuracies against the share of RICA's weights that is learned."""
    data = {
        name: {(row["curve"], row["proportion"]): row for row in rows_of(RESULTS / name / "figure6_left.csv")}
        for name in ("cifar10", "stl10")
    }
    lines = []
    for curve, proportion in sorted(data["stl10"], key=lambda key: (key[0] != "nokernel", -key[1])):
        found = [rows[curve, proportion] for rows in data.values()]
        learned = "all, nothing predicted" if curve == "nokernel" else share(proportion)
        lines.append((learned, *(percent(row["accuracy"], row["std"]) for row in found)))
    return table(("learned", "CIFAR-10, %", "STL-10, %"), lines)


def figure6_right():
    """Accuracies at equal numbers of learned parameters."""
    rows = {(row["curve"], row["n_dynamic"]): row for row in rows_of(RESULTS / "cifar10/figure6_right.csv")}
    lines = []
    for n in sorted({n for _, n in rows}):
        pair = [rows[curve, n] for curve in ("RICA", "RICA-50%")]
        lines.append((f"{n:,.0f}", *(percent(row["accuracy"], row["std"]) for row in pair)))
    return table(("parameters learned", "RICA, %", "twice as many features, half predicted, %"), lines)


def pays():
    """Errors, times and sizes of predicted and of narrowed networks, beside the ordinary one."""
    networks = json.loads((BENCHMARKS / "pays.json").read_text())["tables"]["Networks"]
    curves = {"ordinary": "nokernel", "predicted": "best", "narrowed": "narrow"}
    errors = {
        (recipe, row["curve"], row["proportion"]): percent(row["test_error"], row["std"])
        for recipe in ("modern", "rectifier")
        for row in rows_of(RESULTS / f"mnist/{recipe}/figure4_left.csv")
    }
    measured = ("epoch, seconds", "10,000 predictions, seconds", "file, bytes")
    lines = []
    for row in networks:
        key = curves[row["network"]], row["learned"]
        found = [errors.get((recipe, *key), "–") for recipe in ("modern", "rectifier")]
        ratios = [f"{row[name] / networks[0][name]:.2f}" for name in measured]
        lines.append((row["network"], share(row["learned"]), f"{row['parameters learned']:,}", *found, *ratios))
    heads = ("error, sigmoid", "error, rectifiers", "epoch", "prediction", "file")
    return table(("network", "learned", "numbers", *heads), lines)


def defaults():
    """Take over what the defaults do on several data sets, where that is recorded."""
    path = BENCHMARKS / "defaults.md"
    if not path.exists():
        return ""
    body = path.read_text().split("\n", 1)[1].split("## environment")[0].strip()
    return "## With nothing but a learned fraction\n\n" + body.replace("\n## ", "\n### ") + "\n"


def notebooks():
    """Notebooks that the gallery shows, first those that begin at the beginning."""
    first = ("tour", "rica_in_ten_minutes")
    names = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    return [*first, *(name for name in names if name not in first)]


def gallery(folder):
    """Write a picture of each notebook; return their cards."""
    cards = []
    for name in notebooks():
        cells = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text())["cells"]
        title = "".join(cells[0]["source"]).split("\n", 1)[0].lstrip("# ")
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture(cells)))
        options = f":link: notebooks/{name}\n:link-type: doc\n:img-top: _generated/{name}.png\n"
        cards.append(f":::{{grid-item-card}} {title}\n{options}:::\n")
    return "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "\n".join(cards) + "::::\n"


def picture(cells):
    """Find the notebook's first picture that isn't smaller than half of its largest one; it is in base64."""
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    found = [some["image/png"] for some in data if "image/png" in some]
    return next(image for image in found if 2 * len(image) >= max(map(len, found)))


def write(docs):
    """Write everything that the pages include, and copy the notebooks to where Sphinx looks for pages."""
    folder = docs / "_generated"
    for made in (folder, docs / "notebooks"):
        made.mkdir(exist_ok=True)
    for name in notebooks():
        shutil.copy2(ROOT / f"notebooks/{name}.ipynb", docs / "notebooks")
    parts = {
        "figure1": figure1(),
        "figure2": figure2(),
        "figure4_left": figure4_left(),
        "decay": figure4_left("decay"),
        "rectifier": figure4_left("rectifier"),
        "nokernel": nokernel(),
        "figure4_right": figure4_right(),
        "figure5": figure5(),
        "figure6_left": figure6_left(),
        "figure6_right": figure6_right(),
        "pays": pays(),
        "defaults": defaults(),
        "gallery": gallery(folder),
    }
    for name, text in parts.items():
        (folder / f"{name}.md").write_text(text)
