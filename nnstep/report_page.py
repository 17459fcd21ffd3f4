"""The page that `nnstep report` writes: its frame and its looks."""

from __future__ import annotations

from html import escape
from string import Template

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1a2230; --soft: #5d6878; --line: #dfe3ea;
  --accent: #0b63ce; --good: #1f8a5b; --bad: #d3502d;
  --s0: #0b63ce; --s1: #d3502d; --s2: #1f8a5b; --s3: #8a4fc8; --s4: #b57c00; --s5: #00828f; --s6: #c23b7a; --s7: #596a7e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #10141b; --card: #181e28; --ink: #e6eaf1; --soft: #97a3b6; --line: #2b3442;
    --accent: #6cb0ff; --good: #57c795; --bad: #ff8a66;
    --s0: #6cb0ff; --s1: #ff8a66; --s2: #57c795; --s3: #c59bff; --s4: #e8b84a; --s5: #4fcfd9; --s6: #ff8fc0; --s7: #a5b3c6; }
  .diverging { filter: invert(1) hue-rotate(180deg); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 0 0 4px; }
p { margin: 0 0 14px; max-width: 76ch; }
.soft, header p, section > p { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px; margin: 0 0 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 20px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 18px; }
.tile b { display: block; font-size: 26px; font-weight: 650; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 14px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.grid { stroke: var(--line); fill: none; } .axis { stroke: var(--soft); fill: none; }
.tick, .label { fill: var(--soft); font-size: 13px; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke: var(--c); } .raw { stroke-width: 1.1; opacity: .55; } .mean { stroke-width: 2.4; } .point { fill: var(--c); }
.point { stroke: var(--card); stroke-width: 1.2; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); } .s7 { --c: var(--s7); }
.spark { stroke: var(--accent); fill: none; stroke-width: 1.6; } circle.spark { fill: var(--accent); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 10px 0 0; padding: 0; list-style: none; font-size: 14px; }
.legend i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; background: var(--c); margin: 0 8px 4px 0; }
.legend i.dot { width: 9px; height: 9px; border-radius: 50%; margin-bottom: 0; }
.scale { position: relative; } .scale > input { position: absolute; opacity: 0; }
.scale > label { float: right; cursor: pointer; font-size: 14px; padding: 3px 12px; border: 1px solid var(--line); color: var(--soft); }
.scale > label:first-of-type { border-radius: 0 8px 8px 0; } .scale > label:last-of-type { border-radius: 8px 0 0 8px; border-right: 0; }
.scale > div { clear: both; padding-top: 8px; }
#log:checked ~ label[for=log], #linear:checked ~ label[for=linear] { color: var(--card); background: var(--accent); border-color: var(--accent); }
#log:checked ~ .linear, #linear:checked ~ .log { display: none; }
.scale > input:focus-visible ~ label { outline: 2px solid var(--accent); outline-offset: 1px; }
table { border-collapse: collapse; font-size: 14.5px; } th { text-align: left; font-weight: 600; color: var(--soft); }
.scroll { overflow-x: auto; } .list { width: 100%; }
.list td, .list th { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.list tr:last-child td { border-bottom: 0; } .number { text-align: right; }
.list td.wide { overflow-wrap: anywhere; }
.confusion td, .confusion th { width: 52px; height: 38px; text-align: center; padding: 0; }
.confusion td { border: 2px solid var(--card); border-radius: 6px; background: color-mix(in srgb, var(--hue) calc(var(--share) * 78%), var(--ground)); }
.confusion .right { --hue: var(--good); font-weight: 600; } .confusion .wrong { --hue: var(--bad); } .confusion .none { color: transparent; }
.confusion .corner { font-weight: 400; font-size: 13px; } .confusion .rate { color: var(--soft); width: 74px; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(108px, 1fr)); gap: 16px 14px; margin: 0; padding: 0; list-style: none; }
.gallery img { width: 100%; aspect-ratio: 1; border-radius: 8px; image-rendering: pixelated; display: block; height: auto; background: #000; object-fit: contain; margin-bottom: 6px; }
.gallery b { font-size: 15px; } .gallery small { display: block; color: var(--soft); font-size: 13px; line-height: 1.4; }
.said { color: var(--bad); font-weight: 650; }
.weights { width: 100%; image-rendering: pixelated; border-radius: 8px; display: block; }
.key { display: flex; align-items: center; gap: 10px; font-size: 14px; color: var(--soft); margin-top: 10px; }
.key img { width: 180px; height: 12px; border-radius: 3px; }

.beside { display: flex; flex-wrap: wrap; gap: 20px 48px; align-items: flex-start; } .beside h3 { font-size: 14.5px; margin: 8px 0 4px; color: var(--soft); }
.eyebrow { color: var(--accent); font-weight: 600; font-size: 14px; letter-spacing: .02em; }
.sparkline { width: 140px; } .pulse td { vertical-align: middle; } .pulse small { color: var(--soft); }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 0 0 14px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { font: 14px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.remark { border-left: 4px solid var(--bad); } .remark li { margin-bottom: 8px; } .remark ul { margin: 6px 0 0; padding-left: 20px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 8px 36px; }
footer { color: var(--soft); font-size: 14px; }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
"""

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
        style=STYLE,
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
