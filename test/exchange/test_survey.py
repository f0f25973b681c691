"""Who looks on sees what is shared, also where an owner talks nonsense about its readers."""

from cenote._folder import runtime_folder
from plain import Owner
from test_hostile import Liar, Reader, reader  # noqa: F401

#: Gives the names that someone who looks on sees.
LOOK = {
    "python": """
from cenote._survey import Survey
looking = Survey()
answer = sorted({one["name"] for one in looking.look()})
looking.close()
""",
    "node": """
const looking = new cenote.Survey();
try {
  return [...new Set((await looking.look()).map(({ name }) => name))].sort();
} finally {
  looking.close();
}
""",
}


def look(one: Reader) -> list[str]:
    return one.process.run(LOOK[one.language])


def test_wrong_leases_hide_nothing_from_who_looks_on(reader):  # noqa: F811
    liar = Liar()
    owner = Owner(runtime_folder(), liar)
    assert look(reader) == ["lie", "safe"]
    good = liar.lease
    for wrong in [{"pid": "x"}, {"pid": None}, {"count": [1]}, {"count": 1.5}, {"object": 1}]:
        liar.lease = {**good, **wrong}
        assert look(reader) == ["lie", "safe"], wrong
    for wrong in [None, 1, "x", [], {}]:
        liar.lease = wrong
        assert look(reader) == ["lie", "safe"], wrong
    owner.close()
