"""Text that others wrote, made fit for a terminal: what a bundle says must not be what a terminal does."""


def printable(text: str, *, lines: bool = False) -> str:
    """Spell out control characters and whatever else cannot be printed.

    Args:
        text: Of a bundle, a profile, a policy, a machine.
        lines: Let line ends be.
    """
    return "".join(char if char.isprintable() or (lines and char == "\n") else repr(char)[1:-1] for char in text)
