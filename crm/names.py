"""Names of people: how they are shortened."""


def initials(name: str) -> str:
    """One or two capital letters for a person's badge, "?" where there is no letter."""
    words = [word for word in name.split() if word[0].isalpha()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"
