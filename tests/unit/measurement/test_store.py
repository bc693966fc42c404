"""The store: found again, damage seen, refused when it cannot be written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from qres.errors import InputError
from qres.measurement.store import DamagedEntryError, Store, find_versions, make_key


def test_round_trip_and_absence(store):
    assert store.get("a") is None
    store.put("a", b"two\nlines\x00")
    assert store.get("a") == b"two\nlines\x00"


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff\xfe\n\n"])
def test_damage_is_seen(store, damage):
    store.put("a", b"content")
    (store.folder / "a").write_bytes(damage)
    with pytest.raises(DamagedEntryError):
        store.get("a")


def test_one_flipped_bit_is_seen(store):
    store.put("a", b"content")
    file = store.folder / "a"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(DamagedEntryError):
        store.get("a")


def test_store_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file stands where the folder should be")
    for folder in (blocked, blocked / "below"):
        with pytest.raises(InputError, match="set QRES_CACHE to a writable folder"):
            Store(folder).check_writable()


def test_place_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("QRES_CACHE", str(tmp_path / "here"))
    assert Store.open().folder == tmp_path / "here"
    monkeypatch.delenv("QRES_CACHE")
    assert Store.open().folder.parts[-2:] == (".cache", "qres")


def test_concurrent_writers_leave_one_whole_entry(store):
    payload = b"x" * 100_000
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.put("a", payload), range(40)))
    assert store.get("a") == payload
    assert [file.name for file in store.folder.iterdir()] == ["a"]


def test_key_depends_on_content_not_on_order():
    assert make_key(a=1, b={"c": 2, "d": 3}) == make_key(b={"d": 3, "c": 2}, a=1)
    assert make_key(a=1) != make_key(a=2)


def test_missing_library_names_the_extra():
    with pytest.raises(InputError, match=r"pip install 'qres-estimator\[measure\]'"):
        find_versions("numpy", "no-such-distribution-here")
