"""Read changed files of every kind that may come from others, and count crashes, foreign errors, time and memory.

    python -m benchmarks.fuzz --minutes 60                   all kinds in turn
    python -m benchmarks.fuzz --runs 1000 --kinds models     1,000 files of one kind
    python -m benchmarks.fuzz --campaign --update            the table of docs/user_guide/security.md

The files that are changed are made by this script. Each changed file is read in a process of its own, whose time and
memory are limited. An answer and an error of the library are right; everything else is counted and the file is kept in
the folder ``--output``: also other files that are written, and waits that take no processor time. Needs a system with
``fork``.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks.pages import put
from ensemble_hwr.exceptions import EnsembleHwrError

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "security.md"
CAMPAIGN = {  # numbers of files of the table in the documentation
    **{"pictures": 10_000, "words": 1000, "models": 2000, "configs": 1000, "data": 2000},
    **{"strokes": 500, "word lists": 500, "journals": 500},
}
MOST_SECONDS = {"words": 10.0}  # other kinds: one second
MOST_MEGABYTES = 500
IMAGES, LABELS = (f"emnist-letters-test-{what}-ubyte" for what in ("images-idx3", "labels-idx1"))
SECONDS_TO_KILL = 30
BYTES_TO_KILL = 4 * 2**30
ANSWER, OWN_ERROR, FOREIGN, CRASH, EXECUTED = "answer", "clear error", "foreign error", "crash", "executed"
FORBIDDEN = (  # audit events of code that runs, of other programs and of connections
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "pty.spawn"),
    *("pickle.find_class", "socket.connect", "ctypes.dlopen", "webbrowser.open"),
)
WRITES = (  # audit events that change files, with the position of the path
    *(("os.mkdir", 0), ("os.rename", 1), ("os.rename", 0), ("os.link", 1), ("os.symlink", 1), ("os.truncate", 0)),
    *(("os.remove", 0), ("os.rmdir", 0), ("os.chmod", 0), ("os.chown", 0), ("os.utime", 0), ("shutil.move", 1)),
    *(("shutil.rmtree", 0), ("shutil.copyfile", 1), ("sqlite3.connect", 0)),
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
MADE_BY_READING = "made-"  # start of the names of folders that the functions below make
SECONDS_TO_WAIT = 60.0  # without processor time
NUMBERS = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
TOKENS = (
    *(b"NaN", b"-1", b"1e999", b"9" * 400, b"null", b"[]", b"{}", b"true", b"\x00", b"\xff\xfe", b"\n"),
    *(b"\x1b]0;x\x07", "\u202e".encode(), b"../../x", b'"', b"=1+1", b"__main__", b"0.0", b"a.a.a.a"),
)


VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 2**31, 2**63, 10**400, float("nan"), float("inf")),
    *("", "x" * 1000, "\x1b[2J", "\ud800", [], {}, [0], [[]], ["A", "B"], {"a": 1}, [[1.0, 2.0, 3.0]] * 200),
)


def mutate(data: bytes, draw: random.Random, other: bytes = b"") -> bytes:
    """Return a changed copy of bytes: bits, numbers, tokens, and parts removed, doubled or from another file."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        place = draw.randrange(len(changed) + 1)
        length = draw.choice((1, 2, 4, 16, 256))
        kind = draw.randrange(8)
        if kind == 0 and changed:
            changed[place % len(changed)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            changed[place : place + 1] = bytes([draw.randrange(256)])
        elif kind == 2:
            number = draw.choice(NUMBERS)
            width = draw.choice("BHIQ")
            most = 2 ** (8 * struct.calcsize(width))
            changed[place : place + struct.calcsize(width)] = struct.pack(draw.choice("<>") + width, number % most)
        elif kind == 3:
            del changed[place : place + length]
        elif kind == 4:
            changed[place:place] = changed[place : place + length] * draw.choice((1, 2, 50))
        elif kind == 5:
            changed[place : place + draw.choice((0, length))] = draw.choice(TOKENS)
        elif kind == 6 and other:
            start = draw.randrange(len(other))
            changed[place : place + length] = other[start : start + length]
        elif draw.random() < 0.2:
            del changed[place:]
    return bytes(changed)


def mutate_text(data: bytes, draw: random.Random, other: bytes = b"") -> bytes:
    """Return changed text: values of ``key = value`` or JSON replaced by other ones, or changed as bytes."""
    if draw.random() < 0.4:
        return mutate(data, draw, other)
    words = data.replace(b",", b" ,").split(b" ")
    for _ in range(draw.choice((1, 1, 2, 3))):
        words[draw.randrange(len(words))] = draw.choice((*TOKENS, *other.split(b" ")[:50]))
    return b" ".join(words)


def mutate_json(data: bytes, draw: random.Random, other: bytes = b"") -> bytes:
    """Return lines of JSON with other values in some places, or changed as text."""
    if draw.random() < 0.3:
        return mutate_text(data, draw, other)
    lines = data.rstrip(b"\n").split(b"\n") if data.count(b"\n{") else [data]
    number = draw.randrange(len(lines))
    content = json.loads(lines[number])
    for _ in range(draw.choice((1, 1, 2))):
        place: Any = content
        while True:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            if not keys:
                break
            key = draw.choice(list(keys))
            if not isinstance(place[key], dict | list) or draw.random() < 0.15:
                place[key] = draw.choice(VALUES)
                break
            place = place[key]
    lines[number] = json.dumps(content).encode()
    return b"\n".join(lines) + b"\n"


def mutate_archive(data: bytes, draw: random.Random, other: bytes = b"") -> bytes:
    """Return a zip file with a changed entry and right checksums, or changed bytes."""
    if draw.random() < 0.3:
        return mutate(data, draw, other)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(made, "w") as changed:
        names = archive.namelist()
        chosen = draw.choice(names)
        for name in names:
            content = archive.read(name)
            if name == chosen:
                change = mutate_json if name.endswith(".json") else mutate
                content = change(content, draw)
            changed.writestr(name, content, archive.getinfo(name).compress_type)
    return made.getvalue()


@cache
def picture_seeds() -> list[bytes]:
    """Return pictures of a word in every common format."""
    from ensemble_hwr.datasets import compose_words, generate_letters

    letters = generate_letters(520, writers=5, random_state=0)
    picture = Image.fromarray(compose_words(letters, ["OAK"], random_state=0)[0].picture)
    settings: list[tuple[str, str, dict[str, Any]]] = [
        ("L", "PNG", {}), ("1", "PNG", {}), ("RGBA", "PNG", {}), ("L", "JPEG", {}), ("RGB", "JPEG", {"progressive": 1}),
        ("P", "GIF", {}), ("L", "BMP", {}), ("L", "TIFF", {}), ("1", "TIFF", {"compression": "group4"}),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}), ("RGB", "WEBP", {}), ("I;16", "PNG", {}), ("L", "PPM", {}),
    ]  # fmt: skip
    return [_saved(picture.convert("L").convert(mode), kind, options) for mode, kind, options in settings]


def _saved(picture: Image.Image, kind: str, options: Mapping[str, Any]) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@cache
def model_seeds() -> list[bytes]:
    """Return files of small models: networks, linear models, a committee, a hierarchy."""
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from ensemble_hwr import HierarchicalEnsembleClassifier, LetterNormalizer, MemberMLPClassifier, save_model

    draw = np.random.default_rng(0)
    y = np.repeat(list("ABCD"), 12)
    X = draw.random((48, 784)) * 0.2 + np.eye(4, 784)[np.unique(y, return_inverse=True)[1]]
    network = MemberMLPClassifier((4,), max_iter=2, random_state=0)
    models = [
        GaussianNB(),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=5)),
        VotingClassifier([("a", GaussianNB()), ("b", network)], voting="soft"),
        HierarchicalEnsembleClassifier(network, network, groups=["AB", "CD"], confusables=["BC"], cv=2),
    ]
    files = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        for k, model in enumerate(models):
            fitted = make_pipeline(LetterNormalizer(), model.fit(X, y))
            files.append(save_model(fitted, Path(folder, f"{k}.model")).read_bytes())
    return files


@cache
def config_seeds() -> list[bytes]:
    """Return the shipped configs."""
    from ensemble_hwr.config.loading import shipped_configs

    texts = [file.read_bytes() for _, file in sorted(shipped_configs().items())]
    more = b'\n[contenders.mine]\nestimator = "sklearn.naive_bayes.GaussianNB"\nparams = { var_smoothing = 1e-6 }\n'
    return [*texts, texts[0] + more]


@cache
def data_seeds() -> list[tuple[str, bytes]]:
    """Return files of letters in every format, with their endings."""
    from scipy.io import savemat

    from ensemble_hwr.datasets import save_npz
    from ensemble_hwr.datasets.handwriting import generate_letters

    letters = generate_letters(20, letters="ABCD", writers=2, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        npz = Path(folder, "a.npz")
        save_npz(npz, letters)
        stored = npz.read_bytes()
    heading = "label," + ",".join(f"pixel{k}" for k in range(784))
    kaggle = [heading, *(f"{k % 4}" + ",0" * 400 + ",255" * 384 for k in range(3))]
    index = "path,label,source,writer,split,suspect\n0.png,A,s,w1,train,0\n1.png,B,s,w2,test,1\n"
    matlab = io.BytesIO()
    ones = np.ones((4, 1), np.uint8)
    part = {"images": np.zeros((4, 784), np.uint8), "labels": ones, "writers": ones}
    savemat(matlab, {"dataset": {"train": part, "test": part, "mapping": np.ones((4, 2), np.uint8)}})
    images = struct.pack(">IIII", 2051, 4, 28, 28) + bytes(4 * 784)
    return [
        (".npz", stored), (".csv", "\n".join(kaggle).encode()), ("index.csv", index.encode()),
        (".mat", matlab.getvalue()), (IMAGES, images), (f"{IMAGES}.gz", gzip.compress(images)),
    ]  # fmt: skip


@cache
def stroke_seeds() -> list[bytes]:
    """Return files of pen strokes."""
    points = [[10.0 * k, 20.0 + 5 * (k % 3), 15.0 * k] for k in range(12)]
    strokes = [[[x + 200 * j, y, t] for x, y, t in points] for j in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        from ensemble_hwr.canvas import Drawing
        from ensemble_hwr.canvas._drawing import save_drawing

        drawing = Drawing.from_arrays([np.array(stroke)[:, :2] for stroke in strokes])
        file = Path(folder, "strokes.json")
        save_drawing(file, drawing, "Oak")
        return [file.read_bytes()]


def word_list_seeds() -> list[bytes]:
    """Return word lists."""
    return ["apple\noak\nÉtude\n\nox yoke\n".encode(), "\n".join(f"word{k}" for k in range(300)).encode("utf-8-sig")]


def journal_seeds() -> list[bytes]:
    """Return the journal of a short study."""
    import optuna

    from ensemble_hwr.tuning._storage import open_storage

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "journal.log")
        study = optuna.create_study(storage=open_storage(str(file)), study_name="s")
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
        return [file.read_bytes()]


def written(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the paths that an audit event changes."""
    if event == "open":
        path, mode, flags = arguments
        writes = flags & WRITING if isinstance(flags, int) else set(mode or "r") & set("wax+")
        return [_path(path)] if writes and isinstance(path, str | bytes | os.PathLike) else []
    return [_path(arguments[place]) for name, place in WRITES if name == event]


def _path(path: Any) -> str:
    return os.path.realpath(os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path))


def is_other_file(path: str, file: Path) -> bool:
    """Return whether a path is not in a folder that the functions below make, and no module that was compiled."""
    made = os.path.realpath(file.parent / MADE_BY_READING)
    return path != os.devnull and not path.startswith(made) and "__pycache__" not in path


def read_picture(file: Path) -> None:
    """Open the pages of a picture and normalize each as a letter."""
    from ensemble_hwr import LetterNormalizer
    from ensemble_hwr.images import open_pages

    for page in open_pages(file):
        LetterNormalizer().fit_transform([page])


@cache
def word_reader() -> Any:
    """Return a reader with a shipped model."""
    from ensemble_hwr.persistence import available_models, load_model
    from ensemble_hwr.reading import WordReader

    return WordReader(load_model(available_models()[0].name)).fit()


def read_words(file: Path) -> None:
    """Read the words in a picture."""
    word_reader().read(file)


def read_model(file: Path) -> None:
    """Load a model, describe it, and classify two pictures."""
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.persistence.models import describe_model

    describe_model(file)
    pictures = [np.eye(30), 1.0 - np.tri(28)]
    answer = load_model(file).predict_proba(pictures)
    if not np.isfinite(answer).all():
        raise FloatingPointError("probabilities that are not finite")


def read_config(file: Path) -> None:
    """Load a config."""
    from ensemble_hwr.config import load_config

    load_config(file)


def read_data(file: Path) -> None:
    """Load letters by the loader of the file's ending."""
    from ensemble_hwr.datasets import load_emnist, load_npz, open_letters

    if file.suffix == ".mat":
        load_emnist(file, "letters")
    elif file.suffix == ".npz":
        load_npz(file)
    elif file.suffix == ".csv":
        open_letters(_beside(file, {name: picture_seeds()[0] for name in ("0.png", "1.png")}) / file.name)
    else:
        labels = struct.pack(">II", 2049, 4) + b"\1\2\3\4"
        load_emnist(_beside(file, {LABELS: labels}), "letters", subset="test")


def _beside(file: Path, others: Mapping[str, bytes]) -> Path:
    """Return a folder with a copy of a file and with other files."""
    folder = Path(tempfile.mkdtemp(dir=file.parent, prefix=MADE_BY_READING))
    shutil.copy(file, folder / file.name)
    for name, data in others.items():
        (folder / name).write_bytes(data)
    return folder


def read_strokes(file: Path) -> None:
    """Load pen strokes and draw them."""
    from ensemble_hwr.canvas._drawing import load_drawing, render

    render(load_drawing(file))


def read_word_list(file: Path) -> None:
    """Load a word list."""
    from ensemble_hwr.reading import Lexicon

    Lexicon.from_file(file)


def read_journal(file: Path) -> None:
    """Open a journal of studies."""
    from ensemble_hwr.tuning._storage import open_storage

    open_storage(str(file)).get_all_studies()


@dataclass(frozen=True)
class Kind:
    """Kind of file: seeds with their endings, how they are changed, and how they are read."""

    seeds: Callable[[], list[tuple[str, bytes]]]
    change: Callable[[bytes, random.Random, bytes], bytes]
    read: Callable[[Path], None]


def _ending(ending: str, seeds: Callable[[], list[bytes]]) -> Callable[[], list[tuple[str, bytes]]]:
    return lambda: [(ending, seed) for seed in seeds()]


def _by_form(data: bytes, draw: random.Random, other: bytes = b"") -> bytes:
    return (mutate_archive if zipfile.is_zipfile(io.BytesIO(data)) else mutate)(data, draw, other)


KINDS = {
    "pictures": Kind(_ending(".png", picture_seeds), mutate, read_picture),
    "words": Kind(_ending(".png", picture_seeds), mutate, read_words),
    "models": Kind(_ending(".model", model_seeds), mutate_archive, read_model),
    "configs": Kind(_ending(".toml", config_seeds), mutate_text, read_config),
    "data": Kind(data_seeds, _by_form, read_data),
    "strokes": Kind(_ending(".json", stroke_seeds), mutate_json, read_strokes),
    "word lists": Kind(_ending(".txt", word_list_seeds), mutate_text, read_word_list),
    "journals": Kind(_ending(".log", journal_seeds), mutate_json, read_journal),
}


def file_name(ending: str) -> str:
    """Return the name of a changed file."""
    return f"changed{ending}" if ending.startswith(".") else ending


def changed_files(kind: Kind, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of changed files, the same for the same seed."""
    seeds = kind.seeds()
    number = 0
    while True:
        draw = random.Random(f"{seed} {number}")
        ending, data = draw.choice(seeds)
        yield file_name(ending), kind.change(data, draw, draw.choice(seeds)[1])
        number += 1


def outcome(read: Callable[[Path], None], file: Path) -> tuple[str, str]:
    """Read a file; return whether it is an answer, an error of the library or another one, and its text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(file)
    except EnsembleHwrError as error:
        return OWN_ERROR, str(error)
    except Exception as error:
        return FOREIGN, f"{type(error).__name__}: {error}"
    return ANSWER, ""


@dataclass(frozen=True)
class Measured:
    """Result of reading one file."""

    outcome: str
    message: str
    seconds: float
    megabytes: float


def measured(read: Callable[[Path], None], file: Path) -> Measured:
    """Read a file in a forked process with limits of time and memory."""
    ours, theirs = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _child(read, file, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        said = stream.read()
    status = os.waitpid(child, 0)[1]
    seconds = time.monotonic() - began
    if os.WIFSIGNALED(status) or not said:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return Measured(CRASH, f"signal {number}, exit code {os.waitstatus_to_exitcode(status)}", seconds, 0.0)
    found, message, processor, megabytes = json.loads(said)
    waited = seconds - processor
    return Measured(found, message, seconds if waited > SECONDS_TO_WAIT else processor, megabytes)


def _child(read: Callable[[Path], None], file: Path, pipe: int) -> None:
    """Read a file, write the outcome to a pipe, and end this process."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_TO_KILL, BYTES_TO_KILL))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_TO_KILL, SECONDS_TO_KILL + 1))
    signal.alarm(4 * SECONDS_TO_KILL)
    executed: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            executed.append(event)
        executed.extend(f"{event} {path}" for path in written(event, arguments) if is_other_file(path, file))

    before, began = _peak(), time.process_time()
    sys.addaudithook(watch)
    with open(os.devnull, "w") as nothing, redirect_stderr(nothing):
        os.dup2(nothing.fileno(), 2)  # lines of libtiff
        found, message = outcome(read, file)
    seconds, megabytes = time.process_time() - began, _peak() - before
    if executed:
        found, message = EXECUTED, ", ".join(executed)
    os.write(pipe, json.dumps([found, message[:1000], seconds, megabytes]).encode())
    os._exit(0)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass
class Tally:
    """Counts of one kind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    n_slow: int = 0
    n_large: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0

    def add(self, found: Measured, most_seconds: float) -> str | None:
        """Count a result; return what is wrong with it, or None."""
        self.outcomes[found.outcome] += 1
        slow, large = found.seconds > most_seconds, found.megabytes > MOST_MEGABYTES
        self.n_slow += slow
        self.n_large += large
        self.seconds, self.megabytes = max(self.seconds, found.seconds), max(self.megabytes, found.megabytes)
        if found.outcome not in (ANSWER, OWN_ERROR):
            return f"{found.outcome}: {found.message}"
        return f"{found.seconds:.1f} s" if slow else f"{found.megabytes:.0f} MB" if large else None


def table(tallies: Mapping[str, Tally]) -> str:
    """Return the counts as a table in Markdown."""
    lines = [
        "| files | runs | answers | clear errors | foreign errors | crashes | executed | too slow | too large "
        "| slowest | largest |",
        "| --- |" + " ---: |" * 10,
    ]
    for kind, tally in tallies.items():
        counts = [tally.outcomes[name] for name in (ANSWER, OWN_ERROR, FOREIGN, CRASH, EXECUTED)]
        cells = [kind, sum(counts), *counts, tally.n_slow, tally.n_large]
        texts = [*(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells)]
        lines.append(f"| {' | '.join([*texts, f'{tally.seconds:.2f} s', f'{tally.megabytes:.0f} MB'])} |")
    return "\n".join(lines) + "\n"


def run(
    kinds: list[str], *, seed: int, minutes: float, runs: Mapping[str, int], output: Path | None
) -> dict[str, Tally]:
    """Read changed files of some kinds, as many of each as `runs` has, or for a time."""
    tallies = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            tally = tallies[kind] = Tally()
            files = changed_files(KINDS[kind], seed)
            for ending, data in KINDS[kind].seeds():  # import what it needs
                outcome(KINDS[kind].read, _written(folder, file_name(ending), data))
            end = time.monotonic() + 60 * minutes / len(kinds)
            number = 0
            while number < runs[kind] if runs else time.monotonic() < end:
                name, data = next(files)
                file = _written(folder, name, data)
                wrong = tally.add(measured(KINDS[kind].read, file), MOST_SECONDS.get(kind, 1.0))
                if wrong is not None:
                    click.echo(f"{kind} {seed}-{number}: {wrong}", err=True)
                    if output is not None:
                        output.mkdir(parents=True, exist_ok=True)
                        (output / f"{kind.replace(' ', '_')}-{seed}-{number}-{name}").write_bytes(data)
                number += 1
    return tallies


def _written(folder: str, name: str, data: bytes) -> Path:
    """Write a file into a folder from which what was made for others is removed."""
    for made in Path(folder).glob(f"{MADE_BY_READING}*"):
        shutil.rmtree(made)
    file = Path(folder, name)
    file.write_bytes(data)
    return file


@click.command()
@click.option("--minutes", type=float, default=10.0, show_default=True, help="Time for all kinds together.")
@click.option("--runs", type=int, help="Number of files of each kind, in place of a time.")
@click.option("--campaign", is_flag=True, help="Read as many files of each kind as the table in the documentation.")
@click.option("--kinds", multiple=True, type=click.Choice(list(KINDS)), help="Kinds of files; by default all.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed changes the files in other ways.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the files that were not read well.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/security.md.")
def main(
    *, minutes: float, runs: int | None, campaign: bool, kinds: tuple[str, ...], update: bool, **of_run: Any
) -> None:
    """Read changed files, and print a table of what happened."""
    chosen = list(kinds or KINDS)
    numbers = CAMPAIGN if campaign else dict.fromkeys(chosen, runs) if runs is not None else {}
    tallies = run(chosen, minutes=minutes, runs=numbers, **of_run)
    text = table(tallies)
    click.echo(text)
    if update:
        put(PAGE, "python -m benchmarks.fuzz", text)
    bad = sum(tally.n_slow + tally.n_large for tally in tallies.values())
    bad += sum(tally.outcomes[name] for tally in tallies.values() for name in (FOREIGN, CRASH, EXECUTED))
    if bad:
        raise click.ClickException(f"{bad} files were not read well")


if __name__ == "__main__":
    main()
