"""The GPUs that ship with qres: `data/hardware/classical/*.yaml`, each figure with its source."""

from __future__ import annotations

from functools import cache

from ruamel.yaml import YAML

from qres.classical.record import Device
from qres.errors import InputError, nearest
from qres.files import data_path, read_text

FOLDER = "hardware/classical"
NUMBERS = (
    "bf16_flops",
    "fp64_flops",
    "bandwidth",
    "memory",
    "power",
    "sustained_fraction",
    "latency_s",
)


def device_names() -> tuple[str, ...]:
    """Return the names of the devices that ship with qres."""
    return tuple(sorted(path.stem for path in data_path(FOLDER).glob("*.yaml")))


@cache
def load_device(name: str) -> Device:
    """Return a device by name.

    Raises:
        InputError: there is no such device; the message has the nearest names.
    """
    if name not in device_names():
        raise InputError(f"unknown device '{name}'{nearest(name, device_names())}")
    text = read_text(data_path(FOLDER) / f"{name}.yaml")
    profile = YAML(typ="safe", pure=True).load(text)
    return Device(
        name=profile["name"],
        sources={key: profile[key]["source"] for key in NUMBERS},
        **{key: float(profile[key]["value"]) for key in NUMBERS},
    )
