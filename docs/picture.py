"""docs/picture.py TITLE <TEXT >FILE.svg - a terminal picture of what a program printed, colours included.

The text is real output with SGR escapes (bold, dim, the eight colours); anything else is refused, so that the picture cannot
show what a terminal would not. Used by `make picture`.
"""
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

COLORS = {30: "#5c6370", 31: "#e06c75", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2", 37: "#dcdfe4"}
CELL_W, CELL_H, LEFT, TOP = 8.0, 18, 16, 52


def spans(line):
    """(column, text, style) for each run of one style."""
    column, style = 0, {}
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in (int(c or 0) for c in part[2:-1].split(";")):
                if code == 0:
                    style = {}
                elif code in (1, 2):
                    style = {**style, "bold" if code == 1 else "dim": True}
                elif code in COLORS:
                    style = {**style, "fill": COLORS[code]}
                else:
                    sys.exit(f"picture: SGR code {code} is not known")
        elif part:
            if any(unicodedata.category(c) == "Cc" for c in part):
                sys.exit(f"picture: a control character in {part!r}")
            yield column, part, style
            column += len(part)


def main(title):
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = int(LEFT * 2 + columns * CELL_W), TOP + len(lines) * CELL_H + 8
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
          f'role="img" aria-label="{escape(title)}">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#282c34"/>')
    for i, color in enumerate(("#e06c75", "#e5c07b", "#98c379")):
        print(f'<circle cx="{20 + 20 * i}" cy="18" r="6" fill="{color}"/>')
    print(f'<text x="{width / 2}" y="22" fill="#9da5b4" text-anchor="middle" font-family="monospace" font-size="12">'
          f"{escape(title)}</text>")
    print('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" fill="#dcdfe4" xml:space="preserve">')
    for row, line in enumerate(lines):
        for column, text, style in spans(line):
            if not text.strip():
                continue
            more = f' fill="{style["fill"]}"' if "fill" in style else ""
            more += ' font-weight="bold"' if style.get("bold") else ""
            more += ' opacity="0.6"' if style.get("dim") else ""
            print(f'<text x="{LEFT + column * CELL_W:g}" y="{TOP + row * CELL_H}" '
                  f'textLength="{len(text) * CELL_W:g}" lengthAdjust="spacingAndGlyphs"{more}>{escape(text)}</text>')
    print("</g>\n</svg>")


main(sys.argv[1])
