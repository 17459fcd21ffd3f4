"""The page that `nnstep report` writes: its frame and its looks."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

STYLE = Path(__file__).with_name("report.css")

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<header><div class="eyebrow">nnstep report</div><h1>$title</h1>$subtitle</header>
$content
<footer>Made by nnstep $version on $date.</footer>
</main>
</body>
</html>
""")


def page(title: str, subtitle: str, content: str, version: str, date: str) -> str:
    """The whole page.

    Args:
        title: plain text.
        subtitle: HTML below it.
        content: HTML, section after section.
        version: nnstep's own, plain text.
        date: when, plain text.
    """
    return PAGE.substitute(
        title=escape(title),
        style=STYLE.read_text(),
        subtitle=subtitle,
        content=content,
        version=escape(version),
        date=escape(date),
    )


def section(title: str, about: str, content: str, kind: str = "") -> str:
    """A part of the page, left out where it has no content; title and about are plain text, content is HTML."""
    if not content:
        return ""
    told = f"<p>{escape(about)}</p>" if about else ""
    return f'<section class="{escape(kind)}"><h2>{escape(title)}</h2>{told}{content}</section>\n'


def table(rows: list[list[str]], head: list[str], numbers: tuple[int, ...] = (), kind: str = "list") -> str:
    """A table of HTML cells; the head is plain text, columns in `numbers` stand at the right."""

    def cells(row: list[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numbers else ''}>{cell}</{tag}>" for index, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    top = f"<thead><tr>{cells([escape(word) for word in head], 'th')}</tr></thead>" if head else ""
    return f'<div class="scroll"><table class="{escape(kind)}">{top}<tbody>{body}</tbody></table></div>'
