"""Errors that users meet: each says what was wanted, what was found, and the mend."""

from __future__ import annotations


class CenoteError(Exception):
    """An error of Cenote's own: `code` is stable for programs, `mend` says what to do about it."""

    code = "CENOTE"

    def __init__(self, message: str, mend: str | None = None) -> None:
        """Joins the message and its mend into one text of two lines."""
        super().__init__(f"{message}\n  {mend}" if mend else message)
        self.mend = mend

    def __str__(self) -> str:
        """The text as it is; KeyError, a base of one subclass, would show its repr."""
        return str(self.args[0])


def shown(value: object, most: int = 40) -> str:
    """The value as an error shows it: shortened, and in words where it has no text of its own."""
    try:
        text = repr(value)
    except Exception:
        text = f"{type(value).__module__}.{type(value).__qualname__}, which has no text"
    return text if len(text) <= most else text[: most - 1] + "…"


class UnknownNameError(CenoteError, KeyError):
    """No process shares anything under that name."""

    code = "UNKNOWN_NAME"


class NoKeeperError(CenoteError, RuntimeError):
    """No keeper runs that could keep a name."""

    code = "NO_KEEPER"


class NotArrowError(CenoteError, TypeError):
    """The object given to `put` can't be read as Arrow data."""

    code = "NOT_ARROW"


class BadNameError(CenoteError, ValueError):
    """A name for a shared table is empty, too long, or has control characters."""

    code = "BAD_NAME"


class BadArgumentError(CenoteError, TypeError):
    """An argument is not of the kind that the function takes."""

    code = "BAD_ARGUMENT"


class BadWaitError(CenoteError, ValueError):
    """The time to wait is not a number of seconds."""

    code = "BAD_WAIT"


class BadSizeError(CenoteError, ValueError):
    """A size is not a whole number of bytes from 1."""

    code = "BAD_SIZE"


class BadTargetError(CenoteError, ValueError):
    """`as_` names no library that `get` knows."""

    code = "BAD_TARGET"


class NoLibraryError(CenoteError, ImportError):
    """The library that `as_` names is not installed."""

    code = "NO_LIBRARY"


class TooLargeError(CenoteError, MemoryError):
    """More was written than there is room for."""

    code = "TOO_LARGE"


class WriterClosedError(CenoteError, ValueError):
    """The writer was closed or aborted before."""

    code = "WRITER_CLOSED"


class ConversionError(CenoteError, TypeError):
    """A column has a type that the library which `as_` names has not."""

    code = "CONVERSION"


class PeerGoneError(CenoteError, ConnectionError):
    """The process that owns a table has ended, or does not answer."""

    code = "PEER_GONE"


class ProtocolError(CenoteError, ConnectionError):
    """A peer said something that the protocol (docs/exchange.md) does not allow."""

    code = "PROTOCOL"


class RuntimeFolderError(CenoteError, OSError):
    """The folder of sockets can't be used."""

    code = "RUNTIME_FOLDER"
