"""Where the files of a data set are: argument, then `PPDL_DATA`, then the cache; downloads only when asked for."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ppdl import _checks
from ppdl._extras import imported


def packed_or_not(name: str) -> Iterable[str]:
    """List what a file may be called: its name, and that with the endings of packed files."""
    return name, f"{name}.gz", f"{name}.xz"


def data_folders(
    dataset: str, path: str | os.PathLike[str] | None = None, subfolders: Sequence[str] = ()
) -> list[Path]:
    """List the folders that may hold a data set.

    The folder is `path` if given, where ``~`` is the home folder; otherwise ``$PPDL_DATA/<dataset>``, then
    ``<cache>/<dataset>``, where the cache is ``pooch.os_cache("ppdl")``, if pooch is there. Each is followed by its
    `subfolders`, as which the official archives unpack.
    """
    folders = [_checks.path("path", path)] if path is not None else _usual_folders(dataset)
    return [place for folder in folders for place in (folder, *(folder / name for name in subfolders))]


def find_files(
    dataset: str,
    folders: Sequence[Path],
    choices: Sequence[Sequence[str]],
    *,
    spellings: Callable[[str], Iterable[str]] = packed_or_not,
    download: Callable[[Path], None] | None = None,
    remedy: str = "pass download=True",
) -> list[Path]:
    """Find the files of a data set: all those of one choice, in the first of the folders that holds them.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    folders : sequence of Path
        Where to look, in order; see `data_folders`.
    choices : sequence of sequence of str
        Names of files, for each of the forms in which the data set comes; the earlier is preferred in a folder.
    spellings : callable
        What a file of a name may be called, in order of preference.
    download : callable, default=None
        Downloads missing files into the folder that it is called with, the last one; `None` downloads nothing. Only
        downloads are compared with a hash, so that a user's own files in the same format can be read.
    remedy : str
        What else than naming the folder helps if the files are missing, for the message.

    Returns
    -------
    list of Path
        In the order of the choice.

    Raises
    ------
    FileNotFoundError
        If a file is missing and `download` is None; the message tells where was looked.
    """
    for folder in folders:
        for names in choices:
            found = [file for name in names if (file := _find_file(folder, spellings(name)))]
            if len(found) == len(names):
                return found
    if download:
        download(folders[-1])
        return find_files(dataset, folders[-1:], choices, spellings=spellings, remedy=remedy)
    raise FileNotFoundError(
        f"{dataset}: {' or '.join(', '.join(names) for names in choices)} not found in "
        f"{' or '.join(map(str, folders))}. Give the folder as `path`, set PPDL_DATA to the folder that holds "
        f"{dataset}/, or {remedy}"
    )


def download_files(hashes: Mapping[str, str], mirrors: Sequence[str], folder: Path) -> None:
    """Download files, each with its hash, from the first mirror that delivers them unchanged.

    Raises
    ------
    OSError
        If no mirror delivers a file with its hash; a partial file is never left behind.
    """
    for name, hash_ in hashes.items():
        failures = []
        for mirror in mirrors:
            try:
                _pooch().retrieve(mirror + name, known_hash=hash_, fname=name, path=folder)
                break
            except (OSError, ValueError) as error:  # unreachable, refused or a wrong hash
                failures.append(f"{mirror}{name}: {error}")
        else:
            raise OSError(f"{name} could not be downloaded:\n" + "\n".join(failures))


def download_archive(archive: str, hash_: str, mirrors: Sequence[str], members: Collection[str], folder: Path) -> None:
    """Download a tar archive, keep those of its files that are named in `members`, side by side, and remove it."""
    download_files({archive: hash_}, mirrors, folder)
    with tarfile.open(folder / archive) as tar:
        for entry in tar:
            name = PurePosixPath(entry.name).name
            content = tar.extractfile(entry) if name in members else None
            if content:
                part = folder / f"{name}.part"  # so that an interrupted copy isn't taken for the file
                with content, open(part, "wb") as file:
                    shutil.copyfileobj(content, file)
                part.replace(folder / name)
    (folder / archive).unlink()


def _usual_folders(dataset: str) -> list[Path]:
    named = os.environ.get("PPDL_DATA")
    roots = [_checks.path("PPDL_DATA", named)] if named else []
    try:
        roots.append(_pooch().os_cache("ppdl"))
    except ImportError:
        if not roots:
            raise
    return [root / dataset for root in roots]


def _find_file(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the path of the first of the names that is there, or None."""
    return next((path for name in names if (path := folder / name).is_file()), None)


def _pooch() -> Any:
    return imported(
        "pooch", "the cache of data sets", "pooch", "data", ". Without it, give the folder as `path` or set PPDL_DATA."
    )
