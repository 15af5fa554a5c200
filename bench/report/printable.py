"""Text from outside, made safe for a terminal: a bundle must not send commands to it."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return text in which control and other unprintable characters are spelled out.

    Args:
        text: From a bundle, a profile, a policy or a machine.
        lines: Keep line ends.
    """
    return "".join(char if char.isprintable() or (lines and char == "\n") else repr(char)[1:-1] for char in text)
