"""An export in any encoding becomes bytes in which ASCII means ASCII, and goes back as it came."""

import codecs
import tempfile
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from canary.errors import DataError

BLOCK = 1 << 20
UTF8_MARK = codecs.BOM_UTF8
NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


class Writable(Protocol):
    """Anything that takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """How an export is written. `inner` is the codec of the transparent bytes that the room reads."""

    name: str
    inner: str
    recoded: bool = False

    def can(self, text: str) -> bool:
        """Say whether a text can be written in this encoding."""
        try:
            text.encode(self.inner)
        except UnicodeEncodeError:
            return False
        return True

    def writer(self, out: Writable) -> Writable:
        """Return what turns transparent bytes into this encoding on their way to `out`."""
        return _Recoder(out, self.name) if self.recoded else out


class _Recoder:
    """Takes UTF-8 and writes UTF-16."""

    def __init__(self, out: Writable, codec: str) -> None:
        self._out = out
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, data: bytes, /) -> object:
        """Write bytes on in the outer encoding."""
        return self._out.write(self._decoder.decode(data).encode(self._codec))


def transparent(source: BinaryIO, name: str) -> tuple[BinaryIO, Encoding]:
    """Return an export as bytes in which ASCII means ASCII, and its encoding.

    UTF-16 with a byte order mark is recoded to UTF-8 in an unnamed temporary file; anything
    else is returned as it is. What is not valid UTF-8 is Windows-1252, or Latin-1 where it
    has bytes that Windows-1252 lacks. Raises DataError for broken UTF-16.
    """
    source.seek(0)
    mark = source.read(4)
    if mark[:2] == codecs.BOM_UTF16_LE:
        return _recoded(source, "utf-16-le", name)
    if mark[:2] == codecs.BOM_UTF16_BE:
        return _recoded(source, "utf-16-be", name)
    if _is_utf8(source):
        return source, Encoding("utf-8-sig" if mark[:3] == UTF8_MARK else "utf-8", "utf-8")
    inner = "cp1252" if _is_cp1252(source) else "latin-1"
    return source, Encoding(inner, inner)


def _recoded(source: BinaryIO, codec: str, name: str) -> tuple[BinaryIO, Encoding]:
    decoder = codecs.getincrementaldecoder(codec)()
    spool = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - lives as long as the survey
    source.seek(0)
    read, line = 0, 1
    try:
        while block := source.read(BLOCK):
            text = decoder.decode(block)
            spool.write(text.encode("utf-8"))
            read, line = read + len(block), line + text.count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        spool.close()
        line += bytes(error.object[: error.start]).decode(codec, "replace").count("\n")
        raise DataError(
            f"{name}, line {line}, near byte {read + error.start}: not valid {codec.upper()}",
            hint="export it again as UTF-8",
        ) from None
    return spool, Encoding(codec, "utf-8", recoded=True)


def _is_utf8(source: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    source.seek(0)
    clean = True
    try:
        while block := source.read(BLOCK):
            if clean and block.isascii():
                continue
            clean = not decoder.decode(block) or not decoder.getstate()[0]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_cp1252(source: BinaryIO) -> bool:
    source.seek(0)
    while block := source.read(BLOCK):
        if len(block.translate(None, NOT_IN_CP1252)) != len(block):
            return False
    return True


def unaccented(text: str) -> str:
    """Return a text in ASCII: letters without their accents, `?` for what has no such form."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.encode("ascii", "replace").decode("ascii")
