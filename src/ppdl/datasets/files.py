"""Where the files of a data set are: argument, then `PPDL_DATA`, then the cache; downloads only when asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType


def find_files(
    dataset: str,
    hashes: Mapping[str, str],
    *,
    path: str | os.PathLike[str] | None = None,
    download: bool = False,
    mirrors: Sequence[str] = (),
) -> list[Path]:
    """Find the files of a data set.

    The folder is `path` if given; otherwise the first that holds all the files of ``$PPDL_DATA/<dataset>`` and
    ``<cache>/<dataset>``, where the cache is ``pooch.os_cache("ppdl")``.

    Parameters
    ----------
    dataset : str
        Name of the data set, and of its folder.
    hashes : mapping of str to str
        Names of the files, each with its SHA-256. Only downloads are compared with it, so that a user's own files in
        the same format can be read. A file may also lie there unpacked, without its ending ``.gz``.
    path : path-like, default=None
        Folder that holds the files.
    download : bool, default=False
        Whether to download files that are in none of the folders: into `path` if given, otherwise into the cache.
    mirrors : sequence of str
        Addresses of folders to download from, tried in turn.

    Returns
    -------
    list of Path
        In the order of `hashes`.

    Raises
    ------
    FileNotFoundError
        If a file is missing and `download` is false; the message tells where was looked.
    OSError
        If no mirror delivers the file with its SHA-256.
    """
    folders = [Path(path)] if path is not None else _usual_folders(dataset)
    for folder in folders:
        found = [file for name in hashes if (file := _packed_or_not(folder / name))]
        if len(found) == len(hashes):
            return found
    if download:
        return [_download(name, hash_, folders[-1], mirrors) for name, hash_ in hashes.items()]
    raise FileNotFoundError(
        f"{dataset}: {', '.join(hashes)} not found in {' or '.join(map(str, folders))}. Give the folder as `path`, set "
        f"PPDL_DATA to the folder that holds {dataset}/, or pass download=True."
    )


def _usual_folders(dataset: str) -> list[Path]:
    cache = Path(_pooch().os_cache("ppdl"))
    roots = [Path(os.environ["PPDL_DATA"]), cache] if os.environ.get("PPDL_DATA") else [cache]
    return [root / dataset for root in roots]


def _packed_or_not(file: Path) -> Path | None:
    """Return the path at which the file lies, as it is named or unpacked, or None."""
    return next((path for path in (file, file.with_suffix("")) if path.is_file()), None)


def _download(name: str, hash_: str, folder: Path, mirrors: Sequence[str]) -> Path:
    """Download a file from the first mirror that delivers it unchanged; a partial file is never left behind."""
    failures = []
    for mirror in mirrors:
        try:
            return Path(_pooch().retrieve(mirror + name, known_hash=f"sha256:{hash_}", fname=name, path=folder))
        except (OSError, ValueError) as error:  # unreachable, refused or a wrong SHA-256
            failures.append(f"{mirror}{name}: {error}")
    raise OSError(f"{name} could not be downloaded:\n" + "\n".join(failures))


def _pooch() -> ModuleType:
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            'The cache of data sets needs pooch: pip install "ppdl[data]". Without it, give the folder as `path`.'
        ) from error
    return pooch
