"""What to install where an optional dependency is absent."""

DISTRIBUTION = "predicted-parameters"  # its name on the package index; the import is ppdl


def missing(who: str, package: str, extra: str, otherwise: str = "") -> ImportError:
    """Return the error that names the extra which brings `package` to `who`, and what can be done `otherwise`."""
    return ImportError(f"{who} needs {package}: pip install '{DISTRIBUTION}[{extra}]'{otherwise}")
