"""For IPython and notebooks: the magic %cenote, and names that complete. `%load_ext cenote`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import cenote

from ._comm import bundle
from ._convert import TARGETS

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext
    from IPython.core.interactiveshell import InteractiveShell

USAGE = """%cenote                        what is shared, by all processes of this user
%cenote get NAME [as LIBRARY]  the table: t = %cenote get flights as polars
%cenote rm NAME …              takes names back
%cenote copies                 what was copied for other libraries, and why
%cenote stats                  counts of what this process has moved"""
#: A call whose first argument is a text that is not ended yet.
_CALL = re.compile(r"([A-Za-z_][\w.]*)\(\s*(?:name\s*=\s*)?([\"'])([^\"'\\]*)$")
_LIBRARY = re.compile(r"(?:\bas_\s*=\s*[\"']|%cenote\s+get\s.*\sas\s+)(\w*)$")
_MAGIC = re.compile(r"%cenote\s+(?:get|rm(?:\s+\S+)*)\s+(\S*)$")
_COMMAND = re.compile(r"%cenote\s+(\w*)$")


def load(shell: InteractiveShell) -> None:
    """Registers the magic and the completion."""
    register: Any = shell.register_magic_function  # typed as if it took the shell first
    register(_magic, "line", "cenote")
    shell.Completer.custom_matchers.append(_matcher(shell))
    formatter: Any = shell.display_formatter
    formatter.mimebundle_formatter.for_type_by_name("pyarrow.lib", "Table", bundle)


def unload(shell: InteractiveShell) -> None:
    """Takes both back."""
    shell.magics_manager.magics["line"].pop("cenote", None)
    matchers = shell.Completer.custom_matchers
    formatter: Any = shell.display_formatter
    formatter.mimebundle_formatter.pop("pyarrow.lib.Table", None)
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != _IDENTIFIER]


_IDENTIFIER = "cenote.names"


def _magic(line: str) -> Any:
    from IPython.core.error import UsageError

    try:
        command, *rest = shlex.split(line) or ["ls"]
    except ValueError as error:
        raise UsageError(f"%cenote: {error}") from error
    if command == "get" and len(rest) in (1, 3) and rest[1:2] in ([], ["as"]):
        library: Any = rest[2] if len(rest) == 3 else "pyarrow"
        return cenote.get(rest[0], as_=library)
    if command == "rm" and rest:
        for name in rest:
            cenote.delete(name)
        return None
    plain = {"ls": cenote.list, "list": cenote.list, "copies": cenote.copies, "stats": cenote.stats}
    if command in plain and not rest:
        return plain[command]()
    raise UsageError(f"%cenote: found {line!r}. It is one of\n{USAGE}")


_magic.__doc__ = USAGE


def _matcher(shell: InteractiveShell) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=_IDENTIFIER)  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> dict[str, Any]:
        fragment, words = complete(context.line_with_cursor[: context.cursor_position], shell)
        return {
            "completions": [SimpleCompletion(word, type="cenote") for word in words],
            "matched_fragment": fragment,
            "suppress": bool(words),
        }

    return match


def complete(line: str, shell: InteractiveShell) -> tuple[str, list[str]]:
    """What is being typed at the end of the line, and the words that begin with it."""
    if found := _LIBRARY.search(line):
        return found[1], [word for word in TARGETS if word.startswith(found[1])]
    if found := _COMMAND.search(line):
        commands = ("get", "rm", "copies", "stats")
        return found[1], [word for word in commands if word.startswith(found[1])]
    if found := _MAGIC.search(line):
        return found[1], [name for name in _names(found[1]) if shlex.quote(name) == name]
    found = _CALL.search(line)
    if found and _takes_names(found[1], shell.user_ns):
        return found[3], [name for name in _names(found[3]) if found[2] not in name]
    return "", []


def _names(prefix: str) -> list[str]:
    names = dict.fromkeys(table.name for table in cenote.list())
    return [name for name in names if name.startswith(prefix) and "\\" not in name]


def _takes_names(callee: str, scope: dict[str, Any]) -> bool:
    """Whether it is one of our functions, by whatever name it was imported."""
    head, _, rest = callee.partition(".")
    found = scope.get(head)
    if rest:
        found = getattr(cenote, rest, None) if found is cenote else None
    functions = (cenote.get, cenote.delete, cenote.put, cenote.writer)
    return any(found is function for function in functions)
