import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.run.private_words import compile_text_cutter, compile_value_cutter, find_private_words, make_private_words

WORDS = make_private_words(
    ["/home/alice.smith", "/data/homes/asmith/", "/", ""], ["alice.smith", "asmith", "root", "al", "123"], "node7.lab"
)
cut = compile_value_cutter(WORDS)
cut_text = compile_text_cutter(WORDS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://alice:hunter2@host/simple", "https://***@host/simple"),
        ("https://ghp_pat@host/x", "https://***@host/x"),
        ("git+https://u:p/w#?@host/r.git@v1", "git+https://***@host/r.git@v1"),
        ("redis://:pw-7@cache:6379/0", "redis://***@cache:6379/0"),
        ("https://host:8080/x@v1", "https://host:8080/x@v1"),
        ("git@github.com:org/repo.git", "git@github.com:org/repo.git"),
        ("https://host/x?token=abc&b=1", "https://host/x?token=***&b=1"),
        ("https://host/x?b=1&X-Amz-Security-Token=abc", "https://host/x?b=1&X-Amz-Security-Token=***"),
        ("https://host/x?sig=abc%3D", "https://host/x?sig=***"),
        ("export of ghp_0123456789abcdef0123", "export of ***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("/home/alice.smith/lib:/home/alice.smith", "~/lib:~"),
        ("/data/homes/asmith/venv/bin/python", "~/venv/bin/python"),
        ("-I/home/alice.smith/include -L/home/bob/lib", "-I~/include -L/home/user/lib"),
        ("/home/alice.smithson/x", "/home/user/x"),
        ("/nfs/home/carol/x", "/nfs/home/user/x"),
        ("/Users/Carol/x", "/Users/user/x"),
        ("/home/user/x", "/home/user/x"),
        ("/scratch/alice.smith/lib", "/scratch/user/lib"),
        ("/cache/torchinductor_asmith/x.so", "/cache/torchinductor_user/x.so"),
        ("/scratch/ASMITH/lib", "/scratch/user/lib"),
        ("/nfs/node7/lib/node71", "/nfs/host/lib/node71"),
        ("/root/x/al/123", "/root/x/al/123"),
        ("https://github.com/asmith/x", "https://github.com/asmith/x"),
        ("asmith", "asmith"),
        ("pkg:pypi/asmith-openmp@1.0", "pkg:pypi/asmith-openmp@1.0"),
        ("machinelearning/asmith.md: torch", "machinelearning/asmith.md: torch"),
        ("-I/scratch/asmith/include", "-I/scratch/user/include"),
        ("0007-resnet50-fp32-latency", "0007-resnet50-fp32-latency"),
        ("spr@2 a/b", "spr@2 a/b"),
    ],
)
def test_a_value_is_cut_at_credentials_and_within_paths(text: str, shown: str) -> None:
    assert cut(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no such user: asmith on node7.lab", "no such user: user on host"),
        ("password=hunter2, retry", "password=***, retry"),
        ('{"api_key": "abc-1"}', '{"api_key": "***"}'),
        ("HF_TOKEN: abc", "HF_TOKEN: ***"),
        ("Authorization: Bearer abcdefgh.1", "Authorization: Bearer ***"),
        ("generated_tokens=32", "generated_tokens=32"),
        ('File "/home/alice.smith/x.py", line 3', 'File "~/x.py", line 3'),
    ],
)
def test_output_is_cut_anywhere(text: str, shown: str) -> None:
    assert cut_text(text) == shown


@given(st.text(st.sampled_from("/:@.?=& ~-ahosmitle7")) | st.text())
def test_what_was_cut_is_not_cut_again(text: str) -> None:
    for cutter in (cut, cut_text):
        assert cutter(cutter(text)) == cutter(text)


def test_without_words_only_credentials_and_homes_are_cut() -> None:
    nobody = compile_text_cutter(make_private_words(["/"], ["root"], ""))
    assert nobody("/opt/x https://a:b@c /home/bob") == "/opt/x https://***@c /home/user"


def test_the_words_are_those_of_the_environment_and_of_the_account() -> None:
    words = find_private_words({"HOME": "/srv/people/zoe/", "LOGNAME": "zoe.z", "SUDO_USER": "yann"}, "node7")
    assert "/srv/people/zoe" in words.homes
    assert {"zoe.z", "yann"} <= set(words.users)
    assert words.host_name == "node7"
