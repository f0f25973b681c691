"""A Python process for the tests: runs code that it is given.

Lines of JSON {"run": code} are answered by {"answer": …} or {"error": …}. The code finds `cenote`,
`pa` and what earlier lines have defined, and assigns `answer`. A line with "then" is answered
before the code in "then" runs, which may never end.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "python"))

import cenote  # noqa: E402
import pyarrow as pa  # noqa: E402

scope = {"cenote": cenote, "pa": pa, "os": os}
for line in sys.stdin:
    request = json.loads(line)
    scope["answer"] = None
    try:
        exec(request["run"], scope)
        reply = {"answer": scope["answer"]}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
    if "then" in request:
        exec(request["then"], scope)
