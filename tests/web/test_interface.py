"""The HTTP interface: results in all formats, parameters, errors, headers."""

import base64
import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import WordReader, compose_words, generate_letters

TEE = {"strokes": [[[40, 0], [40, 90]], [[0, 0], [80, 0]]]}
BOUNDARY = "a-boundary"


def png(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def pictures():
    letters = generate_letters(26 * 20, writers=20, random_state=7)
    words = compose_words(letters, ["HELLO", "MILK", "AND BREAD\nTEA"], gap=0.25, height=60, random_state=4)
    return [png(word.picture) for word in words]


def form(*files, fields=()):
    """Return the body of a form and its content type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + data
        for name, data in files
    ]
    parts += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields
    ]
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()]), f"multipart/form-data; boundary={BOUNDARY}"


def results(answer):
    status, headers, body = answer
    assert status == 200, body
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)["results"]


def problem(answer, status):
    assert answer[0] == status, answer[2]
    assert answer[1]["Content-Type"] == "application/problem+json"
    found = json.loads(answer[2])
    assert found["status"] == status
    assert found["title"]
    return found["detail"]


def test_a_picture_as_the_body_is_read_as_the_library_reads_it(server, pictures):
    (found,) = results(server.post("/v1/words", pictures[0], "image/png"))
    expected = WordReader().fit().read(pictures[0])
    assert found["text"] == expected.text == "HELLO"
    assert found["box"] == list(expected.box)
    assert [letter["letter"] for letter in found["letters"]] == list("HELLO")
    assert (found["path"], found["page"]) == ("picture", 1)


def test_several_files_of_a_form_have_their_names(server, pictures):
    found = results(server.post("/v1/words", *form(("a.png", pictures[0]), ("../b.png", pictures[1]))))
    assert [(word["path"], word["text"]) for word in found] == [("a.png", "HELLO"), ("b.png", "MILK")]


def test_an_unreadable_file_among_others_is_an_entry_of_errors(server, pictures):
    status, _, body = server.post("/v1/words", *form(("bad.png", b"nothing"), ("good.png", pictures[0])))
    found = json.loads(body)
    assert status == 200
    assert [word["path"] for word in found["results"]] == ["good.png"]
    (error,) = found["errors"]
    assert error["path"] == "bad.png"
    assert "'bad.png'" in error["detail"]


def test_a_page_has_lines(server, pictures):
    (page,) = results(server.post("/v1/pages", pictures[2], "image/png"))
    assert page["text"] == "AND BREAD\nTEA"
    assert [line["text"] for line in page["lines"]] == ["AND BREAD", "TEA"]


def test_letters_have_n_best(server):
    letters = generate_letters(26, writers=1, random_state=0, format="pictures")
    found = results(server.post("/v1/letters?n_best=3", png(np.asarray(letters.data[0])), "image/png"))
    assert found[0]["text"] == letters.target[0]
    assert len(found[0]["alternatives"]) == 2


@pytest.mark.parametrize(
    ("kind", "media_type", "beginning"),
    [
        ("text", "text/plain", "AND BREAD\nTEA\n"),
        ("csv", "text/csv", "path,page,line,word,text"),
        ("hocr", "application/xhtml+xml", "<?xml"),
        ("alto", "application/xml", "<?xml"),
    ],
)
def test_formats(server, pictures, kind, media_type, beginning):
    status, headers, body = server.post(f"/v1/pages?format={kind}", pictures[2], "image/png")
    assert status == 200
    assert headers["Content-Type"].split(";")[0] == media_type
    assert body.decode().startswith(beginning)
    if kind in ("hocr", "alto"):
        ElementTree.fromstring(body)


def test_strokes_are_read_with_pixels_that_can_be_explained(server):
    (page,) = results(server.post("/v1/strokes?details=true", TEE))
    assert page["text"] == "T"
    pixels = page["lines"][0]["words"][0]["letters"][0]["pixels"]
    assert len(base64.b64decode(pixels)) == 784
    status, _, body = server.post("/v1/explain", {"pixels": pixels})
    found = json.loads(body)
    assert status == 200
    assert found["result"][0]["letter"] == "T"
    assert found["text"].startswith("router: T")


def test_strokes_with_time_and_pressure_and_of_one_word(server):
    strokes = [[[40, 0, 0, 0.5], [40, 90, 0.1], [40, 90]], [[0, 0, 0.2, 1], [80, 0, 0.3, 0]]]
    (word,) = results(server.post("/v1/strokes?layout=word", {"strokes": strokes, "text": "ignored"}))
    assert word["text"] == "T"
    assert "lines" not in word


def test_an_alphabet_and_words_restrict_the_reading(server):
    assert results(server.post("/v1/strokes?alphabet=ILO", TEE))[0]["text"] in ("I", "L", "O")
    assert results(server.post("/v1/strokes?layout=word&lexicon=greetings", TEE))[0]["text"]
    assert problem(server.post("/v1/strokes?alphabet=abc", TEE), 422).startswith("alphabet: 'abc' cannot be read")
    assert "'greetings', 'animals'" in problem(server.post("/v1/strokes?lexicon=other", TEE), 422)


def test_an_alphabet_can_be_a_range_or_a_name(server):
    assert results(server.post("/v1/strokes?alphabet=A-K", TEE))[0]["text"] in "ABCDEFGHIJK"
    assert results(server.post("/v1/strokes?alphabet=letters", TEE))[0]["text"] == "T"
    assert "'0123456789' cannot be read" in problem(server.post("/v1/strokes?alphabet=A-Z0-9", TEE), 422)


def test_letters_that_may_be_wrong_have_issues(server):
    blot = np.full((90, 90), 255, np.uint8)
    blot[20:70, 20:70] = 0
    (found,) = results(server.post("/v1/letters", png(blot), "image/png"))
    assert [issue["kind"] for issue in found["issues"]] == ["solid"]
    assert "issues" not in results(server.post("/v1/strokes", TEE))[0]


def test_words_of_a_form(server, pictures):
    found = results(server.post("/v1/words", *form(("a.png", pictures[0]), fields=[("words", "HELP, JELLO\nHELLO")])))
    assert found[0]["text"] == "HELLO"


def test_what_can_be_read_is_listed(server):
    found = json.loads(server.get("/v1/models")[2])
    assert found["letters"] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert found["lexicons"] == [{"name": "greetings", "words": 2}, {"name": "animals", "words": 3}]


@pytest.mark.parametrize(
    ("path", "content", "status", "message"),
    [
        ("/v1/words", (b"", "image/png"), 422, "no picture"),
        ("/v1/words", (b"nothing", "image/png"), 422, "'picture'"),
        ("/v1/words", (b"{}", "application/json"), 415, "application/json"),
        ("/v1/words?n_best=0", (b"x", "image/png"), 422, "n_best"),
        ("/v1/words?n_best=nan", (b"x", "image/png"), 422, "n_best: must be a whole number, got 'nan'"),
        ("/v1/words?nbest=1", (b"x", "image/png"), 422, "nbest: is not known here, got '1'"),
        ("/v1/words?details=maybe", (b"x", "image/png"), 422, "details: must be true or false, got 'maybe'"),
        ("/v1/pages?pages=0", (b"x", "image/png"), 422, "pages are numbers from 1"),
        ("/v1/strokes", (b"{", "application/json"), 422, "JSON"),
        ("/v1/strokes", (b"[]", "application/json"), 422, "the body: must be a JSON object"),
        ("/v1/strokes", (b'{"strokes": []}', "application/json"), 422, "strokes: must have at least 1 item"),
        (
            "/v1/strokes",
            (b'{"strokes": [[[1e9, 0]]]}', "application/json"),
            422,
            "strokes.0.0: a point must be [x, y], [x, y, t] or [x, y, t, pressure], each a number in its range",
        ),
        ("/v1/explain", (b'{"pixels": "x"}', "application/json"), 422, "pixels"),
        ("/v1/nothing", (b"", "image/png"), 404, "nothing"),
        ("/v1/words", (b"x", "multipart/form-data"), 422, "form"),
    ],
)
def test_errors_are_problem_documents(server, path, content, status, message):
    assert message in problem(server.post(path, *content), status)


def test_a_form_with_another_field(server, pictures):
    assert "'other'" in problem(server.post("/v1/words", *form(("a.png", pictures[0]), fields=[("other", "1")])), 422)


def test_a_request_that_is_too_large(server):
    assert "20,000,000" in problem(server.request("POST", "/v1/words", b"x", {"Content-Length": "1000000000"}), 413)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_other_sites_are_refused(server, headers, status):
    body = json.dumps(TEE).encode()
    answer = server.request("POST", "/v1/strokes", body, {"Content-Type": "application/json", **headers})
    assert answer[0] == status
    assert "Access-Control-Allow-Origin" not in answer[1]


@pytest.mark.parametrize("path", ["/", "/docs", "/style.css", "/js/app.js", "/v1/models", "/nothing"])
def test_every_answer_has_security_headers(server, path):
    headers = server.get(path)[1]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-ID"]
    assert "Server" not in headers


def test_a_file_that_is_known_is_not_sent_again(server):
    status, headers, body = server.get("/style.css")
    assert status == 200
    assert body
    assert server.get("/style.css", **{"If-None-Match": headers["ETag"]})[0] == 304
    assert server.request("HEAD", "/")[0] == 200


def test_health_and_metrics(server):
    assert json.loads(server.get("/live")[2]) == {"status": "alive"}
    assert json.loads(server.get("/ready")[2]) == {"status": "ready"}
    before = server.metric('requests_total{method="POST",path="/v1/strokes",status="200"}')
    results(server.post("/v1/strokes", TEE))
    assert server.metric('requests_total{method="POST",path="/v1/strokes",status="200"}') == before + 1
    assert server.metric("workers ") == 1


def test_the_description_names_all_operations(server):
    found = json.loads(server.get("/openapi.json")[2])
    operations = {
        "/v1/letters",
        "/v1/words",
        "/v1/pages",
        "/v1/strokes",
        "/v1/explain",
        "/v1/models",
        "/live",
        "/ready",
    }
    assert operations <= set(found["paths"])
    assert "multipart/form-data" in found["paths"]["/v1/words"]["post"]["requestBody"]["content"]


def test_nothing_is_kept_without_a_profile(server):
    assert json.loads(server.get("/v1/models")[2])["profile"] is None
    problem(server.get("/v1/profile"), 404)
    problem(server.post("/v1/profile/words?text=T", TEE), 404)
    assert not any("profile" in path for path in json.loads(server.get("/openapi.json")[2])["paths"])


def test_letters_are_kept_exported_and_deleted(anna, until):
    (page,) = results(anna.post("/v1/strokes?details=true", TEE))
    pixels = page["lines"][0]["words"][0]["letters"][0]["pixels"]
    ell = {"strokes": [[[240, 0], [240, 90], [290, 90]]]}
    body = {"letters": [{"pixels": pixels, "letter": "Y"}]}
    assert json.loads(anna.post("/v1/profile/words?text=l", ell)[2])["kept"] == 1
    assert json.loads(anna.post("/v1/profile/letters", body)[2])["kept"] == 1
    until(lambda: json.loads(anna.get("/v1/profile")[2])["state"] == "adapted", "the adapted model")
    assert results(anna.post("/v1/strokes", TEE))[0]["text"] == "Y"
    status, headers, body = anna.get("/v1/profile/letters")
    assert (status, headers["Content-Disposition"]) == (200, "attachment; filename*=UTF-8''Anna.npz")
    with np.load(io.BytesIO(body)) as content:
        assert content["target"].tolist() == ["L", "Y"]
    assert json.loads(anna.request("DELETE", "/v1/profile")[2])["letters"] == 0
    assert "'Anna' has no letters yet" in problem(anna.get("/v1/profile/letters"), 422)
    assert results(anna.post("/v1/strokes", TEE))[0]["text"] == "T"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/letters"), ("DELETE", ""), ("POST", "/words?text=T")]
)
def test_only_the_page_of_the_server_can_use_the_profile(profile_server, method, path, headers):
    problem(profile_server.request(method, f"/v1/profile{path}", json.dumps(TEE).encode(), headers), 403)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("letters", {"letters": []}, "at least 1 item"),
        ("letters", {"letters": [{"pixels": "AAAA", "letter": "A"}]}, "letters.0.pixels"),
        ("letters", {"letters": [{"pixels": "A" * 1048, "letter": "A"}] * 501}, "at most 500 items"),
        ("words", TEE, "text"),
        ("words?text=%20", TEE, "text"),
        ("words?text=TEE", TEE, "'TEE' has more letters than the word has pieces"),
        ("words?text=T", {"strokes": []}, "strokes"),
    ],
)
def test_what_the_profile_refuses(anna, path, body, message):
    assert message in problem(anna.post(f"/v1/profile/{path}", body), 422)
    assert json.loads(anna.get("/v1/profile")[2])["letters"] == 0
