import hashlib
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ensemble_hwr.datasets import _fetch as fetch
from ensemble_hwr.datasets import fetch_emnist, fetch_nist_sd19
from ensemble_hwr.exceptions import DownloadError, MissingExtraError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    """A local web server; `server.files` are its contents, `server.requests` the paths requested."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests.append(self.path)
            status, declared, body = self.server.files.get(self.path, (404, 0, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(declared))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.files, httpd.requests = {}, []
    httpd.base = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def archive(emnist_zip, emnist_parts):
    return emnist_zip("letters", emnist_parts([1, 2, 3], [4])).read_bytes()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def md5(raw):
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def serve(server, raw, status=200, declared=None):
    server.files["/gzip.zip"] = (status, len(raw) if declared is None else declared, raw)
    return f"{server.base}/gzip.zip"


def left_in(cache):
    return sorted(file.name for file in cache.rglob("*")) if cache.exists() else []


def test_downloads_once_then_reads_the_cache(server, archive, cache):
    url = serve(server, archive)
    letters = fetch_emnist(cache_dir=cache, url=url, md5=md5(archive))
    assert letters.target.tolist() == list("ABCD")
    assert left_in(cache) == ["emnist-gzip.zip"]
    server.files.clear()
    again = fetch_emnist(cache_dir=cache, url=url, md5=md5(archive), subset="test")
    assert again.target.tolist() == ["D"]
    assert server.requests == ["/gzip.zip"]


def test_downloads_print_nothing_by_default(server, archive, cache, capfd):
    fetch_emnist(cache_dir=cache, url=serve(server, archive), md5=md5(archive), progress=True)
    assert capfd.readouterr() == ("", "")


def test_cache_folder_from_the_environment(server, archive, cache, monkeypatch):
    monkeypatch.setenv("ENSEMBLE_HWR_CACHE", str(cache))
    fetch_emnist(url=serve(server, archive), md5=md5(archive))
    assert left_in(cache) == ["emnist-gzip.zip"]


def test_cache_folder_of_the_user(server, archive, cache, monkeypatch):
    monkeypatch.delenv("ENSEMBLE_HWR_CACHE", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: cache / name)
    fetch_emnist(url=serve(server, archive), md5=md5(archive))
    assert left_in(cache / "ensemble_hwr") == ["emnist-gzip.zip"]


def test_a_damaged_cache_is_downloaded_again(server, archive, cache):
    cache.mkdir()
    (cache / "emnist-gzip.zip").write_bytes(archive[:-9])
    fetch_emnist(cache_dir=cache, url=serve(server, archive), md5=md5(archive))
    assert (cache / "emnist-gzip.zip").read_bytes() == archive


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": 404}, "404"),
        ({"status": 500}, "500"),
        ({"cut": 100}, "incomplete|IncompleteRead|hash"),
        ({"cut": 0}, "incomplete|IncompleteRead|hash"),
        ({"wrong": True}, "hash"),
    ],
)
def test_failed_downloads_report_the_url_and_leave_no_file(server, archive, cache, answer, message):
    body = archive[: answer["cut"]] if "cut" in answer else archive
    url = serve(server, body, answer.get("status", 200), declared=len(archive))
    checksum = "0" * 32 if "wrong" in answer else md5(archive)
    with pytest.raises(DownloadError, match=message) as caught:
        fetch_emnist(cache_dir=cache, url=url, md5=checksum)
    assert str(caught.value).startswith(url)
    assert "try again" in str(caught.value)
    assert str(cache / "emnist-gzip.zip") in str(caught.value)
    assert left_in(cache) == []


def test_an_older_file_survives_a_failed_download(server, archive, cache):
    cache.mkdir()
    (cache / "emnist-gzip.zip").write_bytes(b"older")
    with pytest.raises(DownloadError):
        fetch_emnist(cache_dir=cache, url=f"{server.base}/none", md5=md5(archive))
    assert (cache / "emnist-gzip.zip").read_bytes() == b"older"


@pytest.mark.parametrize("url", ["{closed}/gzip.zip", "nonsense", "gopher://127.0.0.1/x", "http://"])
def test_unreachable_servers_are_reported(cache, url):
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        address = f"http://127.0.0.1:{closed.server_port}"
    with pytest.raises(DownloadError, match="check the connection"):
        fetch_emnist(cache_dir=cache, url=url.format(closed=address))
    assert left_in(cache) == []


def test_a_cache_folder_that_cannot_be_created(server, archive, cache):
    cache.write_text("a file")
    with pytest.raises(DownloadError, match="could not be downloaded"):
        fetch_emnist(cache_dir=cache, url=serve(server, archive), md5=md5(archive))


def test_nist_is_read_without_unpacking(server, cache, tmp_path, to_png):
    path = tmp_path / "by_class.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("by_class/42/train_42/train_42_00000.png", to_png(1))
        zipped.writestr("by_class/42/hsf_4/hsf_4_00000.png", to_png(2))
    raw = path.read_bytes()
    letters = fetch_nist_sd19(letters="B", cache_dir=cache, url=serve(server, raw), md5=md5(raw))
    assert letters.data.tolist() == [to_png(2), to_png(1)]
    assert left_in(cache) == ["nist-sd19-by_class.zip"]


def test_without_pooch_the_error_names_the_extra(monkeypatch, cache):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"ensemble_hwr\[download\]"):
        fetch_emnist(cache_dir=cache)


def test_the_progress_bar_shows_the_bytes(server, archive, cache, monkeypatch):
    from rich.console import Console

    with open(cache.parent / "screen", "w") as screen:
        console = Console(file=screen, force_terminal=True, width=120)
        monkeypatch.setattr("rich.console.Console", lambda stderr: console)
        fetch_emnist(cache_dir=cache, url=serve(server, archive), md5=md5(archive), progress=True)
    shown = Path(screen.name).read_text()
    assert "downloading emnist-gzip.zip" in shown
    size = f"{len(archive) / 1000:.1f}"
    assert f"{size}/{size} kB" in shown


def test_published_urls_and_checksums():
    assert fetch.EMNIST_URL == "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    assert fetch.EMNIST_MD5 == "58c8d27c78d21e728a6bc7b3cc06412e"
    assert fetch.NIST_SD19_URL == "https://s3.amazonaws.com/nist-srd/SD19/by_class.zip"
    assert fetch.NIST_SD19_MD5 == "79572b1694a8506f2b722c7be54130c4"
