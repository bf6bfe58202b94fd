"""Seeded mail bodies that draw a QR code without a picture of it: tables, boxes, characters, split pictures, SVG."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable
from email.message import EmailMessage

import segno
from PIL import Image
from tools.evaluate.qr_pictures import Matrix, encoded, matrix, payload, plain


def mail(html: str = "", text: str = "", files: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """A message; ``files`` are pictures by content id."""
    message = EmailMessage()
    message["From"] = "A <a@sender.example>"
    message["To"] = "b@reader.example"
    message["Subject"] = "Notice"
    message.set_content(text or "See the code.")
    if html:
        message.add_alternative(
            f"<html><body><p>Scan this:</p>{html}<p>Regards</p></body></html>", subtype="html"
        )
        part = message.get_payload()[-1]  # type: ignore[index]
        for name, data in files:
            part.add_related(data, "image", "png", cid=f"<{name}>")  # type: ignore[union-attr]
    return message.as_bytes()


def _cells(rng: random.Random) -> tuple[str, Matrix]:
    text = payload(rng)
    cells = matrix(text, rng.choice("LMQ"))
    quiet = rng.choice((0, 1, 2, 4))
    side = len(cells) + 2 * quiet
    blank = [False] * side
    rows = [[False] * quiet + row + [False] * quiet for row in cells]
    return text, [blank] * quiet + rows + [blank] * quiet


def _runs(row: list[bool]) -> list[tuple[bool, int]]:
    runs: list[tuple[bool, int]] = []
    for cell in row:
        if runs and runs[-1][0] == cell:
            runs[-1] = (cell, runs[-1][1] + 1)
        else:
            runs.append((cell, 1))
    return runs


def table(rng: random.Random) -> tuple[str, bytes]:
    """A table: a cell for each module or each run; colour by attribute, style or class; width or colspan."""
    text, rows = _cells(rng)
    dark, light = rng.choice(
        (("#000000", "#ffffff"), ("#123", "#fff"), ("black", "white"), ("rgb(40,0,90)", "#eee"))
    )
    size = rng.randrange(2, 9)
    how = rng.choice(("attribute", "style", "class", "background", "dark only"))
    merged = rng.choice(("no", "colspan", "width"))
    filler = rng.choice(("", "&nbsp;", " "))
    out = [f"<style>.d{{background:{dark}}}.l{{background-color:{light}}} td{{padding:0}}</style>"]
    out.append('<table cellpadding="0" cellspacing="0" border="0">')
    for row in rows:
        out.append(
            rng.choice(("<tr>", f'<tr height="{size}">')) if merged != "width" else f'<tr height="{size}">'
        )
        for is_dark, count in _runs(row) if merged != "no" else [(cell, 1) for cell in row]:
            colour = dark if is_dark else light
            paint = {
                "attribute": f'bgcolor="{colour}"',
                "style": f'style="background-color:{colour}"',
                "background": f'style="background:{colour};font-size:1px"',
                "class": f'class="{"d" if is_dark else "l"}"',
                "dark only": f'bgcolor="{colour}"' if is_dark else "",
            }[how]
            span = f' colspan="{count}"' if merged == "colspan" and count > 1 else ""
            width = (
                f' width="{count * size}"'
                if merged == "width" or (rng.random() < 2 and merged == "no")
                else ""
            )
            out.append(f"<td{span}{width} {paint}>{filler}</td>")
        out.append("</tr>")
    return text, mail("".join(out) + "</table>")


def divs(rng: random.Random) -> tuple[str, bytes]:
    """Boxes: rows of inline blocks, floats in a container of a width, flex rows, or places of their own."""
    text, rows = _cells(rng)
    size = rng.randrange(3, 8)
    how = rng.choice(("inline", "float", "flex", "absolute", "shadow"))
    out: list[str] = []
    if how == "shadow":
        shadows = ",".join(
            f"{(x + 1) * size}px {(y + 1) * size}px #000"
            for y, row in enumerate(rows)
            for x, dark in enumerate(row)
            if dark
        )
        return text, mail(f'<div style="width:{size}px;height:{size}px;box-shadow:{shadows}"></div>')
    for y, row in enumerate(rows):
        line = []
        for x, dark in enumerate(row):
            colour = "#000" if dark else "#fff"
            box = f"width:{size}px;height:{size}px;background:{colour}"
            if how == "absolute":
                if dark:
                    line.append(
                        f'<div style="position:absolute;left:{x * size}px;top:{y * size}px;{box}"></div>'
                    )
            elif how == "float":
                line.append(f'<div style="float:left;{box}"></div>')
            else:
                line.append(f'<span style="display:inline-block;{box}"></span>')
        if how == "flex":
            out.append(f'<div style="display:flex">{"".join(line)}</div>')
        elif how == "inline":
            out.append(f'<div style="line-height:{size}px">{"".join(line)}</div>')
        else:
            out.append("".join(line))
    style = f"width:{size * len(rows[0])}px;position:relative"
    return text, mail(f'<div style="{style}">{"".join(out)}</div>')


def half_block(rng: random.Random) -> tuple[str, bytes]:
    """Characters: half blocks, full blocks, ``##``, emoji squares; plain text, <pre> or lines with <br>."""
    text, rows = _cells(rng)
    how = rng.choice(("half", "half", "full", "hash", "emoji", "inverted"))
    lines: list[str] = []
    if how in ("half", "inverted"):
        if len(rows) % 2:
            rows = [*rows, [False] * len(rows[0])]
        signs = " ▀▄█" if how == "half" else "█▄▀ "
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            lines.append("".join(signs[up + 2 * low] for up, low in zip(upper, lower, strict=True)))
    else:
        dark, light = {"full": ("██", "  "), "hash": ("##", "  "), "emoji": ("⬛", "⬜")}[how]
        lines = ["".join(dark if cell else light for cell in row) for row in rows]
    where = rng.choice(("plain", "pre", "br", "quoted"))
    if where == "plain":
        return text, mail(text="Scan:\n\n" + "\n".join(lines) + "\n\nThanks\n")
    if where == "quoted":
        return text, mail(text="\n".join("> " + line for line in lines) + "\n")
    if where == "pre":
        return text, mail(f'<pre style="line-height:1">{chr(10).join(lines)}</pre>')
    return text, mail(
        '<div style="font-family:monospace">'
        + "<br>".join(line.replace(" ", "&nbsp;") for line in lines)
        + "</div>"
    )


def split(rng: random.Random) -> tuple[str, bytes]:
    """One code cut into pictures that the body puts side by side."""
    text = payload(rng)
    image = plain(matrix(text, rng.choice("LMQH")), rng.randrange(3, 8), rng.choice((1, 2, 4)))
    columns, rows = rng.choice(((2, 1), (1, 2), (2, 2), (1, 3), (3, 3), (4, 1), (1, 6), (4, 4), (5, 5)))
    xs = _cuts(rng, image.width, columns)
    ys = _cuts(rng, image.height, rows)
    embedded = rng.random() < 0.3
    sized = rng.random() < 0.5
    how = rng.choice(("table", "flow", "div"))
    style = "display:block;border:0" if how == "table" else "border:0"
    files: list[tuple[str, bytes]] = []
    lines: list[list[str]] = []
    for row in range(rows):
        line = []
        for column in range(columns):
            box = (xs[column], ys[row], xs[column + 1], ys[row + 1])
            data = encoded(image.crop(box))
            name = f"p{row}{column}.{rng.randrange(10**6)}@sender.example"
            address = (
                f"data:image/png;base64,{base64.b64encode(data).decode()}" if embedded else f"cid:{name}"
            )
            files.append((name, data))
            size = f' width="{box[2] - box[0]}" height="{box[3] - box[1]}"' if sized else ""
            line.append(f'<img src="{address}"{size} style="{style}">')
        lines.append(line)
    if how == "table":
        html = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines)
        html = f'<table cellpadding="0" cellspacing="0">{html}</table>'
    elif how == "flow":
        html = "<br>".join("".join(line) for line in lines)
    else:
        html = "".join(
            "<div>" + "".join(f"<span>{cell}</span>" for cell in line) + "</div>" for line in lines
        )
    return text, mail(html, files=() if embedded else tuple(files))


def _cuts(rng: random.Random, length: int, pieces: int) -> list[int]:
    """Where a picture is cut: evenly, or not."""
    inner = [length * number // pieces + rng.randrange(-3, 4) for number in range(1, pieces)]
    return [0, *inner, length]


def drawn_svg(rng: random.Random) -> tuple[str, bytes]:
    """SVG in the body or in a ``data:`` address, as generators write it."""
    text = payload(rng)
    code = segno.make(text, error=rng.choice("LMQ"))
    out = io.BytesIO()
    code.save(out, kind="svg", xmldecl=False, svgns=True, scale=rng.randrange(1, 5))
    drawing = out.getvalue().decode()
    how = rng.choice(("path", "squares", "data"))
    if how == "squares":
        cells = [[bool(cell) for cell in row] for row in code.matrix]
        side = len(cells) + 8
        squares = "".join(
            f'<rect x="{x + 4}" y="{y + 4}" width="1" height="1" fill="#000"/>'
            for y, row in enumerate(cells)
            for x, dark in enumerate(row)
            if dark
        )
        drawing = f'<svg viewBox="0 0 {side} {side}"><rect width="{side}" height="{side}" fill="#fff"/>{squares}</svg>'
    if how == "data":
        drawing = f'<img src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}">'
    return text, mail(drawing)


def embedded(rng: random.Random) -> tuple[str, bytes]:
    """A picture in a ``data:`` address: of an image, or as a ground."""
    text = payload(rng)
    image: Image.Image = plain(matrix(text, rng.choice("LMQH")), rng.randrange(2, 6))
    address = f"data:image/png;base64,{base64.b64encode(encoded(image)).decode()}"
    ways = (
        f'<img src="{address}">',
        f'<div style="width:200px;height:200px;background:url({address})"></div>',
    )
    return text, mail(rng.choice(ways))


BODIES: dict[str, Callable[[random.Random], tuple[str, bytes]]] = {
    "split": split,
    "table": table,
    "boxes": divs,
    "half_block": half_block,
    "svg": drawn_svg,
    "embedded": embedded,
}
