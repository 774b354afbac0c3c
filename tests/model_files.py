"""Files of fitted estimators taken apart, put together again, and damaged."""

import copy
import hashlib
import json
import random

import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import ppdl


def parts(path):
    """Tensors and specification of a file, as of format 1: without a checksum that would tell of changes."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, {**json.loads(file.metadata()["ppdl"]), "format": 1}


def write_parts(tensors, specification, path):
    save_file(tensors, path, {"ppdl": json.dumps(specification)})


def signed(content, before, after):
    """Replace something in the header of a file, whose length and checksum are right then."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = content[8:end].replace(before, after, 1)
    content = len(header).to_bytes(8, "little") + header + content[end:]
    start = content.index(b'"sha256":"') + 10
    content = content[:start] + b"0" * 64 + content[start + 64 :]
    return content[:start] + hashlib.sha256(content).hexdigest().encode() + content[start + 64 :]


def is_refused(content, path):
    path.unlink(missing_ok=True)  # a file that is overwritten goes to the disk at once
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}: [a-z0-9_]+: "):
        ppdl.load(path)


ODDITIES = [
    *(None, True, -1, 0, 0.5, 7, 2**31, 2**63, 10**30, 10**400, 1e308, "", "dct", "(,)f4", [], {}, [[1], [2, 3]]),
    *({"float": "nan"}, {"float": 10**400}, {"tuple": 5}, {"list": [3]}, {"dict": [[1]]}, {"array": "1"}, {"array": 5}),
    *({"dictionary": {"id": name}} for name in ("dct", "low-rank", "explicit", "random-projection", "autoencoder")),
    *({"learning_rate": {"schedule": "one_cycle", "warm_up": 10**400}}, {"estimator": {"class": "RICA", "params": {}}}),
]


def places(node):
    """Yield every container of a specification with each of its keys."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])


def check_that_oddities_are_refused_by_name(source, path, seed):
    """Put odd values in a specification; then it loads, or is refused by a ValueError that names the file."""
    draw = random.Random(seed)
    for _ in range(60):
        tensors, specification = parts(source)
        for _ in range(draw.choice([1, 1, 2, 3])):
            node, key = draw.choice(list(places(specification)))
            node[key] = copy.deepcopy(draw.choice(ODDITIES))
        write_parts(tensors, specification, path)
        try:
            ppdl.load(path)
        except ValueError as error:
            assert str(error).startswith(f"{path}: ")
