"""Plain data only, with lines: what `read_yaml` takes and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from qres.errors import InputError
from qres.files import MAX_YAML_BYTES, parse_yaml, read_yaml

REFUSED = {
    "tag": ("a: !!str 5", "f:1: tags such as"),
    "python tag": ("a: !!python/object/apply:os.system ['ls']", "f:1: tags such as"),
    "own tag": ("a:\n  b: !x {c: 1}", "f:2: tags such as"),
    "anchor": ("a: &x 1", "f:1: anchors and aliases"),
    "alias": ("b: 1\na: *x", "f:2: anchors and aliases"),
    "alias key": ("*x : 1", "f:1: a key must be plain text"),
    "merge": ("a: 1\n<<: {b: 2}", "f:2: merge keys"),
    "duplicate": ("a: 1\nb: 2\na: 3", "f:3: key 'a' appears twice"),
    "nested duplicate": ("a: {b: 1, b: 2}", "f:1: key 'b' appears twice"),
    "two documents": ("a: 1\n---\nb: 2", "f:2: a second document"),
    "mapping as key": ("? {a: 1}\n: 2", "f:1: a key must be plain text"),
    "infinite": ("a: .inf", "f:1: .inf: a number must be finite"),
    "nan": ("a: .NaN", "f:1: .NaN: a number must be finite"),
    "word nan": ("a: nan", "f:1: nan: a number must be finite"),
    "overflow": ("a: 1e400", "f:1: 1e400 is larger"),
    "huge integer": ("a: " + "9" * 5000, "f:1: 9999"),
    "date": ("a: 2024-01-01", "f:1: 2024-01-01 is read as a date"),
    "deep": ("a: " + "[" * 100 + "]" * 100, "f:1: nested deeper"),
    "open list": ("a: [1,", "f:1: not valid YAML"),
    "tab": ("a:\n\tb: 1", "f:2: not valid YAML"),
    "colons": ("a: b: c", "f:1: not valid YAML"),
    "control character": ("a: \x01", "f: not valid YAML"),
    "bad escape": ('a: "\\U99999999"', "f: not valid YAML"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_is_not_plain_data(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, name="f")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_values_are_plain_and_yaml_1_2() -> None:
    text = (
        "number: 1e8\nwhole: 7_451_044\nreal: -.5\nword: no\nquoted: '5'\nflag: true\n"
        "nothing: ~\nempty:\nold octal: 010\nclock: 12:30\nlist: [a, {b: 1}]\n"
    )
    data, _ = parse_yaml(text, name="f")
    assert data == {
        "number": 1e8,
        "whole": 7_451_044,
        "real": -0.5,
        "word": "no",
        "quoted": "5",
        "flag": True,
        "nothing": None,
        "empty": None,
        "old octal": 10,
        "clock": "12:30",
        "list": ["a", {"b": 1}],
    }
    assert {type(value) for value in data.values()} == {
        *(int, float, str, bool, list, type(None)),
    }


def test_lines_of_keys_items_and_their_absent_children(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("# comment\na:\n  b:\n    - 1\n    - c: 2\nd: 3\n")
    document = read_yaml(file)
    assert document.line(("a", "b", 1, "c")) == 5
    assert document.line(("a", "b", 0)) == 4
    assert document.line(("a", "b", 7, "x")) == 3
    assert document.line(("d",)) == 6
    assert document.line(("z",)) == 1


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just text", "5"])
def test_the_top_level_is_a_mapping(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match="expected a mapping"):
        read_yaml(file)


def test_size_encoding_and_absence(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with pytest.raises(InputError, match="no such file"):
        read_yaml(file)
    file.write_text("#" * (MAX_YAML_BYTES + 1))
    with pytest.raises(InputError, match="at most"):
        read_yaml(file)
    file.write_bytes(b"a: \xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_yaml(file)
