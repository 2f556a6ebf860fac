"""Settings of the web server, with their limits."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ensemble_hwr.exceptions import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that other machines cannot reach."""


@dataclass(frozen=True)
class Limits:
    """Limits of what the server accepts.

    Attributes
    ----------
    request_bytes : int
        Size of a request; larger ones get 413.
    pixels : int
        Pixels of a picture; larger ones get 422 before they are decoded.
    pages : int
        Pages of a file.
    files : int
        Files of a request.
    strokes : int
        Points of all pen strokes of a request.
    seconds : float
        From the last byte of a request to its answer; later ones get 504.
    upload_seconds : float
        For the headers and for the body of a request; slower ones get 408.
    queue : int
        Requests that wait for a free process; others get 429.
    buffered_bytes : int
        Bodies of all requests together; others get 429.
    worker_bytes : int
        Memory of a process: a picture that needs more gets 422, and a process that keeps more is replaced.

    Examples
    --------
    >>> from ensemble_hwr.web.settings import Limits
    >>> Limits(queue=8).queue
    8
    """

    request_bytes: int = 20_000_000
    pixels: int = 50_000_000
    pages: int = 20
    files: int = 20
    strokes: int = 100_000
    seconds: float = 30.0
    upload_seconds: float = 30.0
    queue: int = 64
    buffered_bytes: int = 200_000_000
    worker_bytes: int = 3_000_000_000


@dataclass(frozen=True)
class ServerSettings:
    """Settings of the web server.

    Attributes
    ----------
    host, port : str, int
        Address; port 0 takes a free one.
    workers : int
        Processes that read; None takes one per core, or one in all with a profile.
    model : str
        Name of a shipped model, or path of a model file.
    alphabet : str or None
        Letters that can occur, as in :func:`ensemble_hwr.alphabets.parse_alphabet`; None allows all of the model.
    lexicons : dict of str to str
        Files of words by name.
    profile : str or None
        Writer whose corrections are kept, and adapted to. None keeps nothing.
    root_path : str
        Path below which a reverse proxy serves the page, such as ``"/reader"``.
    allowed_hosts : tuple of str
        Names in the header Host. Empty allows the own names on a loopback address, and any name on another.
    allowed_origins : tuple of str
        Other sites whose pages may send requests, such as ``"https://school.example"``.
    trusted_proxies : str
        Addresses, separated by commas, whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are used.
    access_log : bool
        Whether a line of JSON per request is written on standard error.
    metrics : bool
        Whether ``/metrics`` exists.
    limits : Limits

    Examples
    --------
    >>> from ensemble_hwr.web.settings import ServerSettings
    >>> ServerSettings(port=8080, lexicons={"towns": "towns.txt"}).address
    'http://127.0.0.1:8080'
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int | None = None
    model: str = "az"
    alphabet: str | None = None
    lexicons: dict[str, str] = field(default_factory=dict)
    profile: str | None = None
    root_path: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: str = "127.0.0.1"
    access_log: bool = False
    metrics: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def n_workers(self) -> int:
        """Number of processes that read."""
        if self.profile is not None:
            return 1
        return self.workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def address(self) -> str:
        """Address of the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.root_path}"

    @property
    def hosts(self) -> frozenset[str]:
        """Names that are allowed in the header Host, in lower case; empty if all are."""
        local = LOOPBACK if self.host in LOOPBACK or self.host.startswith("127.") else ()
        if not self.allowed_hosts and not local:
            return frozenset()
        return frozenset(name.lower() for name in (*self.allowed_hosts, *local, self.host))

    def checked(self) -> ServerSettings:
        """Return the settings, with a root path as it is used; raise ``ConfigError`` for one that is not valid."""
        root = self.root_path.rstrip("/")
        if root and (not root.startswith("/") or any(character in root for character in "?#\\ ")):
            raise ConfigError(f"the root path must start with / and be a path, such as /reader; got {self.root_path!r}")
        if self.profile is not None and (self.workers or 1) > 1:
            raise ConfigError(f"a profile needs one process, got {self.workers} workers; leave --workers out")
        for origin in self.allowed_origins:
            if origin == "*" or not origin.startswith(("http://", "https://")) or origin.count("/") > 2:
                raise ConfigError(f"an origin is a site such as https://school.example, got {origin!r}")
        return replace(self, root_path=root)

    def to_json(self) -> str:
        """Return the settings as JSON, for other processes."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServerSettings:
        """Return the settings that `to_json` wrote.

        Examples
        --------
        >>> from ensemble_hwr.web.settings import ServerSettings
        >>> settings = ServerSettings(allowed_hosts=("reader.example",))
        >>> ServerSettings.from_json(settings.to_json()) == settings
        True
        """
        found: dict[str, Any] = json.loads(text)
        found["limits"] = Limits(**found["limits"])
        for name in ("allowed_hosts", "allowed_origins"):
            found[name] = tuple(found[name])
        return cls(**found)


def named_lexicons(given: tuple[str, ...]) -> dict[str, str]:
    """Return the files of lexicons by name; each is given as ``NAME=FILE`` or as ``FILE``, whose name is then used.

    Raises
    ------
    ConfigError
        If a name is not valid or occurs twice.

    Examples
    --------
    >>> from ensemble_hwr.web.settings import named_lexicons
    >>> named_lexicons(("lists/towns.txt", "pets=animals.txt"))
    {'towns': 'lists/towns.txt', 'pets': 'animals.txt'}
    """
    found: dict[str, str] = {}
    for entry in given:
        name, separator, file = entry.partition("=")
        if not separator:
            name, file = Path(entry).stem, entry
        if not name or not name.isprintable() or len(name) > 60:
            raise ConfigError(f"a lexicon is given as FILE or NAME=FILE, got {entry!r}")
        if name in found:
            raise ConfigError(f"two lexicons have the name {name!r}; give another one as NAME=FILE")
        found[name] = file
    return found
