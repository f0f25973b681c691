"""Lets papermill give parameters to TypeScript notebooks: ``papermill -p n 5 in.ipynb out.ipynb``.

papermill has no entry point for translators. It loads the engines that packages offer
(``papermill.engine``) before it looks for one, so the engine "cenote", which is papermill's own,
brings the translator along.
"""

from __future__ import annotations

from papermill.engines import NBClientEngine  # type: ignore[import-not-found]
from papermill.translators import papermill_translators  # type: ignore[import-not-found]

from ._parameters import TypeScriptTranslator

# By the kernel's name, and by the language of notebooks that name another kernel of TypeScript.
for name in ("cenote", "typescript"):
    papermill_translators.register(name, TypeScriptTranslator)

__all__ = ["NBClientEngine"]
