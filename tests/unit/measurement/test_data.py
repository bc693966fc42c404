"""Archives, texts and tables in the formats that the test writes; what is in another is refused."""

import io
import pickle
import tarfile

import numpy as np
import pytest
import torch

from qres.config.record import (
    Architecture,
    DataSource,
    NetworkModel,
    Pruning,
    Training,
)
from qres.errors import InputError
from qres.measurement.archives import read_cifar
from qres.measurement.data import load_dataset, split_samples
from qres.measurement.dependencies import is_users_code
from qres.measurement.tasks import prepare_task

N_TRAIN, N_TEST = 4, 3


def _images(count, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, 3072), dtype=np.uint8), rng.integers(10, size=count)


def _parts(name):
    """Name of each part, its rows and labels; CIFAR-10 has five training parts, CIFAR-100 one."""
    five = [f"data_batch_{number}" for number in range(1, 6)]
    names = [*five, "test_batch"] if name == "cifar10" else ["train", "test"]
    counts = [N_TRAIN] * (len(names) - 1) + [N_TEST]
    return {
        part: _images(count, seed)
        for seed, (part, count) in enumerate(zip(names, counts, strict=True))
    }


def _old_pickle(rows, labels, key):
    """Opcode by opcode as Python 2 wrote it: byte strings, protocol 2, numpy's old module."""

    def string(text):
        return b"T" + len(text).to_bytes(4, "little") + text  # BINSTRING

    def number(value):
        return b"J" + value.to_bytes(4, "little", signed=True)  # BININT

    kind = b"cnumpy\ndtype\n" + string(b"u1") + b"K\x00K\x01\x87R"
    kind += b"(K\x03" + string(b"|") + b"NNN" + number(-1) * 2 + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + string(b"b")
    array += b"\x87R(K\x01" + number(rows.shape[0]) + number(rows.shape[1]) + b"\x86" + kind
    array += b"\x89" + string(rows.tobytes()) + b"tb"  # C order
    classes = b"](" + b"".join(number(int(label)) for label in labels) + b"e"
    pairs = string(b"data") + array + string(key) + classes
    pairs += string(b"batch_label") + string(b"training batch 1 of 5")
    return b"\x80\x02}(" + pairs + b"u."


def _encode(name, form):
    """Return the bytes of each part by its name."""
    key, coarse = (b"labels", b"") if name == "cifar10" else (b"fine_labels", b"\x07")
    found = {}
    for part, (rows, labels) in _parts(name).items():
        if form == "binary":
            lines = zip(rows, labels, strict=True)
            found[f"{part}.bin"] = b"".join(
                coarse + bytes([label]) + row.tobytes() for row, label in lines
            )
        elif form == "old":
            found[part] = _old_pickle(rows, labels, key)
        else:
            content = {b"data": rows, key: labels.tolist(), b"filenames": [b"a.png"]}
            found[part] = pickle.dumps(content, protocol=2 if form == "two" else 5)
    return found


def _write(folder, name, form, packed):
    """Write the parts beside the files that the archives hold too."""
    contents = _encode(name, form) | {"batches.meta": pickle.dumps(print), "readme.html": b"<html>"}
    if not packed:
        for part, content in contents.items():
            (folder / part).write_bytes(content)
        return folder
    path = folder / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for part, content in contents.items():
            entry = tarfile.TarInfo(f"cifar-batches/{part}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("form", ["old", "two", "binary"])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_archives(tmp_path, name, form, packed):
    path = _write(tmp_path, name, form, packed)
    images, classes, held_out, held_out_classes = read_cifar(path, name)
    parts = list(_parts(name).values())
    rows = np.concatenate([rows for rows, _ in parts[:-1]])
    assert images.shape == (len(rows), 3, 32, 32)
    # red plane first, row by row
    assert images[2, 1, 3, 5] == rows[2, 1024 + 3 * 32 + 5]
    assert np.array_equal(images.reshape(len(rows), -1), rows)
    assert classes.tolist() == [label for _, labels in parts[:-1] for label in labels]
    assert np.array_equal(held_out.reshape(N_TEST, -1), parts[-1][0])
    assert held_out_classes.tolist() == parts[-1][1].tolist()


def test_images_are_standardised_by_channels_and_cut(tmp_path):
    path = _write(tmp_path, "cifar10", "binary", True)
    data = load_dataset(DataSource(kind="cifar10", path=path, n_samples=8))
    assert data.inputs.shape == (8, 3, 32, 32)
    assert len(data.held_out_inputs) == N_TEST
    assert data.n_classes == 10
    assert float(data.inputs.mean(dim=(0, 2, 3)).abs().max()) < 1e-12
    assert torch.allclose(data.inputs.var(dim=(0, 2, 3), correction=0), torch.ones(3).double())
    with pytest.raises(InputError, match="has 20 images, found 21"):
        load_dataset(DataSource(kind="cifar10", path=path, n_samples=21))


class _Evil:
    def __reduce__(self):
        return (print, ("executed",))


def _state(shape, code, content):
    """A pickle of an array with a state that numpy never writes."""
    head = b"\x80\x02}(X\x04\x00\x00\x00datacnumpy.core.multiarray\n_reconstruct\n"
    head += b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01"
    kind = b"cnumpy\ndtype\n" + pickle.dumps(code, 2)[2:-1] + b"K\x00K\x01\x87R"
    return head + pickle.dumps(shape, 2)[2:-1] + kind + b"\x89C\x03" + content + b"tbu."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(_Evil()), "it names builtins.print"),
        (pickle.dumps({"data": _Evil()}, protocol=2), "it names __builtin__.print"),
        (b"cposix\nsystem\n(S'true'\ntR.", "it names posix.system"),
        (pickle.dumps([1, 2]), "expected a dictionary with the array 'data'"),
        (pickle.dumps({b"data": [1], b"labels": [1]}), "expected a dictionary with the array"),
        (_state((2, 3072), "u1", b"abc"), "another length than its shape says"),
        (_state((1, 3), "O", b"abc"), "other than 8-bit numbers"),
        (b"no pickle", "not a pickle of CIFAR images"),
        (b"", "not a pickle of CIFAR images"),
    ],
)
def test_a_pickle_of_anything_else_is_refused_and_runs_nothing(tmp_path, capfd, content, message):
    folder = _write(tmp_path, "cifar10", "two", False)
    (folder / "data_batch_3").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_cifar(folder, "cifar10")
    assert str(caught.value).startswith(f"{folder}: data_batch_3: ")
    assert "\n" not in str(caught.value)
    assert "executed" not in capfd.readouterr().out


def _pickled(rows, labels):
    return pickle.dumps({b"data": rows, b"labels": labels})


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("test_batch", _pickled(np.zeros((2, 3071), np.uint8), [1, 2]), "has shape .2, 3071."),
        ("test_batch", _pickled(np.zeros((2, 3072), np.uint8), [1]), "expected .1, 3072."),
        ("test_batch", _pickled(np.zeros((1, 3072)), [1]), "other than 8-bit numbers"),
        ("test_batch", _pickled(np.zeros((1, 3072), np.uint8), ["a"]), "class numbers 'labels'"),
        ("test_batch", _pickled(np.zeros((1, 3072), np.uint8), [10]), "label 10, expected less"),
        ("test_batch", _pickled(np.zeros((0, 3072), np.uint8), []), "holds no image"),
        ("test_batch.bin", bytes(3074), "3074 bytes, expected a multiple of 3073"),
    ],
)
def test_parts_in_another_format(tmp_path, part, content, message):
    form = "binary" if part.endswith(".bin") else "two"
    folder = _write(tmp_path, "cifar10", form, False)
    (folder / part).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_cifar(folder, "cifar10")


def test_archives_that_are_none(tmp_path):
    with pytest.raises(InputError, match=r"expected the parts of cifar10 .*found no file"):
        read_cifar(tmp_path, "cifar10")
    path = tmp_path / "a.tar.gz"
    path.write_bytes(b"text")
    with pytest.raises(InputError) as caught:
        read_cifar(path, "cifar10")
    assert str(caught.value) == (
        f"{path}: expected the parts of cifar10 (data_batch_1, test_batch or data_batch_1.bin,"
        " test_batch.bin) in a folder or a tar archive (.tar.gz); this is none, or damaged"
        " (file could not be opened successfully)"
    )
    whole = _write(tmp_path, "cifar10", "two", True).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"none, or damaged \(Compressed file ended"):
        read_cifar(path, "cifar10")
    path.write_bytes(b"\x1f\x8b\x08" + b"1" * 600)  # begins as gzip does
    with pytest.raises(InputError, match=r"none, or damaged \(.*\)$"):
        read_cifar(path, "cifar10")
    wrong = _write(tmp_path, "cifar100", "two", True)
    with pytest.raises(InputError, match=r"parts of cifar10 .*found test, train"):
        read_cifar(wrong, "cifar10")


@pytest.mark.parametrize("value", [0.0, 0.1, 1.1, 123456.7])
def test_what_is_constant_is_nothing(value):
    """The deviation of 1.1 many times over is 1e-16, not 0."""
    samples = np.stack([np.full(20, value), np.arange(20.0)], axis=1)
    found = split_samples("table", samples, np.arange(20) % 2)
    assert not found.inputs[:, 0].any()
    assert not found.held_out_inputs[:, 0].any()
    assert float(found.inputs[:, 1].std(correction=0)) == pytest.approx(1, rel=1e-12)


def test_digits_as_images():
    data = load_dataset(DataSource(kind="digits", resize=32))
    plain = load_dataset(DataSource(kind="digits", resize=8))
    assert tuple(data.inputs.shape) == (1438, 3, 32, 32)
    assert torch.equal(data.inputs[:, 0], data.inputs[:, 2])
    assert tuple(plain.inputs.shape) == (1438, 3, 8, 8)
    features = load_dataset(DataSource(kind="digits"))
    assert torch.equal(data.targets, features.targets)
    from sklearn.datasets import load_digits

    pixels = load_digits().images[np.arange(1797) % 5 != 4]
    scaled = (pixels - pixels.mean()) / pixels.std()
    assert np.allclose(plain.inputs[:, 1].numpy(), scaled, rtol=1e-12, atol=1e-12)
    assert data.n_features == 3072


def test_text_as_characters(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("abcabé" * 4)
    data = load_dataset(DataSource(kind="text", path=path), context=3)
    # code points a b c é are 0 1 2 3; pieces of 4: abca béab cabé ..., the fifth held out
    assert data.inputs.tolist()[:3] == [[0, 1, 2], [1, 3, 0], [2, 0, 1]]
    assert data.targets.tolist()[:3] == [[1, 2, 0], [3, 0, 1], [0, 1, 3]]
    assert (len(data.inputs), len(data.held_out_inputs), data.n_classes) == (5, 1, 4)
    assert data.held_out_inputs.tolist() == [[1, 3, 0]]
    with pytest.raises(InputError, match=r"needs architecture\.kind gpt"):
        load_dataset(DataSource(kind="text", path=path))
    with pytest.raises(InputError, match="24 characters, expected at least 30"):
        load_dataset(DataSource(kind="text", path=path), context=5)
    for content, message in ((b"\xff\xfe", "not UTF-8"), (b"aaaa", "two different characters")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_dataset(DataSource(kind="text", path=path), context=1)


def test_table(tmp_path):
    path = tmp_path / "t.csv"
    rows = "\n".join(f'{n},"{"no" if n % 2 else "yes"}",{n * n}' for n in range(10))
    path.write_text(f"a, kind ,b\n{rows}\n\n")
    data = load_dataset(DataSource(kind="csv", path=path, target="kind"))
    assert tuple(data.inputs.shape) == (8, 2)
    assert data.targets.tolist() == [1, 0, 1, 0, 0, 1, 0, 1]  # sorted: no, yes
    kept = np.array([n for n in range(10) if n % 5 != 4], dtype=float)
    assert np.allclose(data.inputs[:, 0], (kept - kept.mean()) / kept.std())
    assert data.n_classes == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,y\n1,u\nx,v\n", r"t.csv:3: column a: expected a number, found 'x'"),
        ("a,y\n1,u\ninf,v\n", r":3: column a: expected a number, found 'inf'"),
        ("a,y\n1,u\n2\n", r":3: expected 2 cells, found 1"),
        ("a,b\n1,u\n", r"has no column 'y'; choose from a, b"),
        ("", r"has no column 'y'; the file is empty"),
        ("y\nu\nv\n", r":1: expected a different name for each of at least two columns"),
        ("a,y\n1,u\n2,u\n", r"column y must hold at least two classes"),
        ('a,y\n1,"u\n', r"not a table"),
    ],
)
def test_tables_in_another_format(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        load_dataset(DataSource(kind="csv", path=path, target="y"))
    assert "\n" not in str(caught.value)


def test_random_samples_are_seeded_and_carry_their_name():
    source = DataSource(kind="random", shape=(4,), n_classes=3, n_samples=50, seed=2)
    data, again = load_dataset(source), load_dataset(source)
    assert data.name == "random"
    assert torch.equal(data.inputs, again.inputs)
    other = load_dataset(DataSource(kind="random", shape=(4,), n_classes=3, n_samples=50, seed=3))
    assert not torch.equal(data.targets, other.targets)
    assert (len(data.inputs), data.n_classes) == (40, 3)
    for shape, message in (((2, 2), "found 2, 2"), ((2**20,), "numbers, at most")):
        with pytest.raises(InputError, match=message):
            load_dataset(DataSource(kind="random", shape=shape, n_classes=3, n_samples=1000))


USERS_DATA = """
import torch

def table():
    return torch.arange(40.0).view(20, 2), torch.arange(20) % 3

def single():
    return torch.ones(4, 2)

def flat():
    return torch.ones(4), torch.zeros(4, dtype=torch.int64)

def real():
    return torch.ones(4, 2), torch.ones(4)

def endless():
    return torch.full((4, 2), float("inf")), torch.arange(4)

def one_class():
    return torch.ones(4, 2), torch.zeros(4, dtype=torch.int64)

def fails():
    raise KeyError("gone")
"""


def _prepare_users(tmp_path, name, trust=True):
    model = NetworkModel(
        architecture=Architecture(kind="logistic"),
        dataset=DataSource(kind="python", build=f"mine_data:{name}"),
        train=Training(epochs=0, learning_rate=0.1, batch_size=4, weight_decay=0.0, seed=0),
        prune=Pruning(fraction=0.0, retrain_epochs=0),
    )
    assert is_users_code(model)
    return prepare_task(model, torch.Generator(), folder=tmp_path, trust=trust)


def test_samples_of_the_users_own(tmp_path):
    (tmp_path / "mine_data.py").write_text(USERS_DATA)
    data = _prepare_users(tmp_path, "table").dataset
    assert data.targets.tolist() == [n % 3 for n in range(20) if n % 5 != 4]
    assert (tuple(data.inputs.shape), data.n_classes, data.name) == ((16, 2), 3, "python")
    with pytest.raises(
        InputError, match="'mine_data:table' is code of yours; allow it with --trust"
    ):
        _prepare_users(tmp_path, "table", trust=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("single", "must return a pair of tensors"),
        ("flat", r"inputs of shape \(n, features\)"),
        ("real", "classes must be whole numbers >= 0"),
        ("endless", "finite inputs of at least two classes"),
        ("one_class", "finite inputs of at least two classes"),
        ("fails", "mine_data:fails fails: KeyError"),
        ("none", "'mine_data' has no function 'none'"),
    ],
)
def test_functions_that_return_something_else(tmp_path, name, message):
    (tmp_path / "mine_data.py").write_text(USERS_DATA)
    with pytest.raises(InputError, match=message) as caught:
        _prepare_users(tmp_path, name)
    assert str(caught.value).startswith("dataset.build: ")
    assert "\n" not in str(caught.value)
