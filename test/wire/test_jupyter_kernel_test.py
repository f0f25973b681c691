"""jupyter_kernel_test, the conformance suite that Jupyter itself offers to kernels."""

from __future__ import annotations

import jupyter_kernel_test
import pytest


@pytest.fixture(scope="module", autouse=True)
def _kernelspec(kernel_name: str) -> None:
    Conformance.kernel_name = kernel_name


class Conformance(jupyter_kernel_test.KernelTests):
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to stderr')"
    completion_samples = [
        {"text": "JSON.str", "matches": {"stringify"}},
        {"text": "Math.fl", "matches": {"floor"}},
        {"text": "globalT", "matches": {"globalThis"}},
    ]
    complete_code_samples = ["1", "const a: number = 1;", "function f() { return 1 }"]
    incomplete_code_samples = ["function f() {", "const a =", "`text"]
    invalid_code_samples = ["a b", "let x: = 1", "}"]
    code_inspect_sample = "JSON.parse"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'a' + 'b'", "result": "'ab'"},
    ]
    code_display_data = [
        {
            "code": "import { display, html } from 'cenote'; display(html('<b>x</b>'));",
            "mime": "text/html",
        },
        {
            "code": "import { display, png } from 'cenote'; display(png('AAAA'));",
            "mime": "image/png",
        },
    ]
    code_generate_error = "throw new Error('generated')"
    code_page_something = "import { page } from 'cenote'; await page('a long text')"
    code_clear_output = "import { clear } from 'cenote'; clear()"
    code_history_pattern = "6?*"
    supported_history_operations = ("tail", "range", "search")
    support_iopub_welcome = True
