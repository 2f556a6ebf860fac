"""Files and fields of a request: a form, or a picture as the body. All of it stays in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from io import BytesIO
from typing import Any

from ensemble_hwr.web._problems import Problem
from ensemble_hwr.web.settings import Limits

FORM = "multipart/form-data"
PICTURES = ("image/", "application/pdf", "application/octet-stream")
_MAX_FIELD = 200_000  # bytes
_MAX_NAME = 200  # characters


@dataclass
class Upload:
    """Files and fields of a request."""

    files: list[tuple[str, bytes]] = field(default_factory=list, repr=False)
    fields: dict[str, str] = field(default_factory=dict)


def parse_upload(content_type: str, body: bytes, limits: Limits) -> Upload:
    """Return the files of a request: those of the field ``file`` of a form, or the body.

    Raises
    ------
    Problem
        413, 415 or 422.
    """
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    kind = header.get_content_type()
    if kind == FORM:
        found = _parse_form(body, str(header.get_param("boundary") or ""), limits)
    elif kind.startswith(PICTURES):
        found = Upload([("picture", body)] if body else [])
    else:
        raise Problem(415, f"the body is {kind}; send a picture, or a form (multipart/form-data) with the field file")
    if not found.files:
        raise Problem(422, "there is no picture; send one as the body, or in the field file of a form")
    if len(found.files) > limits.files:
        raise Problem(413, f"there are {len(found.files)} files; send at most {limits.files}")
    return found


def _parse_form(body: bytes, boundary: str, limits: Limits) -> Upload:
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import FormParser

    found = Upload()
    config: dict[str, Any] = {"MAX_MEMORY_FILE_SIZE": limits.request_bytes + 1, "UPLOAD_DIR": None}

    def add_field(part: Any) -> None:
        name, value = (part.field_name or b"").decode(errors="replace"), part.value or b""
        if name == "file":
            raise Problem(422, "the field file must be a file, with a file name; got text")
        if name != "words":
            raise Problem(422, f"the form has the unknown field {name!r:.60}; its fields are file and words")
        if len(value) > _MAX_FIELD:
            raise Problem(413, f"the field {name} has {len(value):,} bytes; send at most {_MAX_FIELD:,}")
        found.fields[name] = value.decode(errors="replace")

    def add_file(part: Any) -> None:
        if part.field_name != b"file":
            name = (part.field_name or b"").decode(errors="replace")
            raise Problem(422, f"the form has a file in the field {name!r:.60}; send files in the field file")
        stream = part.file_object
        stream.seek(0)
        found.files.append((_clean((part.file_name or b"").decode(errors="replace")), stream.read()))

    try:
        parser = FormParser(FORM, add_field, add_file, boundary=boundary.encode("latin-1", "replace"), config=config)
        stream = BytesIO(body)
        while block := stream.read(1 << 20):
            parser.write(block)
        parser.finalize()
    except FormParserError as error:
        raise Problem(422, f"the form cannot be read ({str(error)[:100]})") from None
    return found


def _clean(name: str) -> str:
    """Return the last part of the name of a file, without characters that cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(character for character in last if character.isprintable())
    return shown[:_MAX_NAME] or "picture"
