"""format=flowed (RFC 3676): lines that a mail program broke to fit, joined again."""


def unflow(text: str, *, delete_space: bool) -> str:
    """The text with soft line breaks undone; quoted lines are joined within their depth."""
    out: list[str] = []
    joined: list[str] = []
    joined_depth = 0

    def end_paragraph() -> None:
        if joined:
            marks = ">" * joined_depth
            body = "".join(joined)
            out.append(f"{marks} {body}" if marks and body else marks or body)
            joined.clear()

    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content.removeprefix(" ")  # space-stuffing
        if joined and depth != joined_depth:
            end_paragraph()
        joined_depth = depth
        soft = content.endswith(" ") and content != "-- "
        joined.append(content[:-1] if soft and delete_space else content)
        if not soft or content == "-- ":
            end_paragraph()
    end_paragraph()
    return "\n".join(out)
