"""JSON Schema of `model.yaml`, for `qres schema` and for editors."""

from __future__ import annotations

from typing import Any

from qres.config.modelfile import SCHEMA, ModelFile


def model_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `model.yaml`."""
    schema = ModelFile.model_json_schema(by_alias=True)
    schema["required"] = [key for key in schema["required"] if key != "name"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "model.yaml of qres",
        **{key: value for key, value in schema.items() if key != "title"},
    }
