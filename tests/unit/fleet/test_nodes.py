import pytest

from bench.errors import UsageError
from bench.fleet.nodes import MAX_NODES, expand_nodes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ("n1",)),
        ("lab1,lab2.example", ("lab1", "lab2.example")),
        ("n[08-10]", ("n08", "n09", "n10")),
        ("n[1-2,7],m1", ("n1", "n2", "n7", "m1")),
        ("rack1-n[1-2].lan,m1", ("rack1-n1.lan", "rack1-n2.lan", "m1")),
    ],
)
def test_a_list_is_expanded_in_its_order(text: str, names: tuple[str, ...]) -> None:
    assert expand_nodes(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a list like"),
        ("n1,,n2", "not a list like|not a host name"),
        ("n[1-2", "not a list like"),
        ("n[2-1]", "'2-1' is not a range like 01-16"),
        ("n[1-]", "is not a range"),
        ("n1,n1", "n1 is named twice"),
        ("-oProxyCommand=x", "not a host name"),
        ("n1;reboot", "not a host name"),
        ("$(reboot)", "not a host name"),
        ("n1\n", "not a host name"),
        ("n1 n2", "not a host name"),
        ("../n1", "not a host name"),
        ("n[1-999999]", f"more than {MAX_NODES} nodes"),
    ],
)
def test_what_names_no_hosts_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        expand_nodes(text)
