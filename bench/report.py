"""The figures as a table, each beside its goal and the floor of a machine."""

from typing import Any

from bench.goals import FLOOR, GOALS

_HEAD = "scenario  clients      p50      p95     req/s   CPU ms  queries    bytes  failures"


def table(found: list[dict[str, Any]]) -> str:
    return "\n\n".join(_of_size(figures) for figures in found) + "\n"


def _of_size(figures: dict[str, Any]) -> str:
    lines = [f"{figures['tickets']:,} tickets", "", _HEAD]
    shown = ""
    for page in figures["pages"]:
        lines.append(
            f"{page['name']:<9} {page['clients']:>7} {page['p50']:>8.1f} {page['p95']:>8.1f} "
            f"{page['per_second']:>9.1f} {page['cpu_ms']:>8.1f} {page['queries']:>8} "
            f"{page['size_bytes']:>8} {page['failures']:>9}"
        )
        if page["name"] == shown:
            lines += _beside(shown)
        shown = page["name"]
    chat = figures["chat"]
    lines.append(
        f"chat: p50 {chat['p50']:.1f} ms, p99 {chat['p99']:.1f} ms; {chat['sockets']} sockets"
    )
    lines += _beside("chat")
    lines.append(f"inbound: {figures['inbound']['per_second']:.0f} messages/s")
    lines += _beside("inbound")
    for name in ("orders", "tickets opened"):
        lines.append(f"{name}: {figures[name]['per_second']:.0f}/s by one process")
    lines.append(f"memory of the whole stack at rest (PSS): {figures['memory_mb']:.0f} MB")
    lines += _beside("memory")
    return "\n".join(lines)


def _beside(name: str) -> list[str]:
    return [f"          goal:  {GOALS[name]}", f"          floor: {FLOOR[name]}"]
