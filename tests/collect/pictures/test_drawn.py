"""Codes that bodies draw are read; ordinary bodies draw none."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.evaluate.qr_bodies import BODIES, mail
from tools.evaluate.qr_pictures import matrix

from mailrisk.collect.message.parse import parse_message
from mailrisk.collect.pictures import glyphs
from mailrisk.collect.pictures.codes import Found
from mailrisk.collect.pictures.drawn import Body, body_of, drawn_codes, may_draw

GOAL = "https://lure.example/a"
CELLS = matrix(GOAL, "m", boost=False)
BLANK = [False] * (len(CELLS) + 2)
ROWS = [BLANK, *([False, *row, False] for row in CELLS), BLANK]


def drawn(html: str = "", text: str = "") -> Found:
    return drawn_codes(parse_message(mail(html, text)))


def payloads(found: Found) -> list[str]:
    return [code.payload for code in found.codes]


@pytest.mark.parametrize("way", sorted(BODIES))
def test_every_way_of_drawing_is_read(way: str) -> None:
    rng = random.Random(f"test {way}")
    for _ in range(10):
        text, raw = BODIES[way](rng)
        assert text in payloads(drawn_codes(parse_message(raw)))


def test_the_way_is_told() -> None:
    rng = random.Random(3)
    ways = {"split": "split", "table": "table", "half_block": "text", "svg": "svg", "embedded": "picture"}
    for name, told in ways.items():
        assert {code.drawn for code in drawn_codes(parse_message(BODIES[name](rng)[1])).codes} == {told}


def test_cells_that_reach_over_rows_are_drawn() -> None:
    rows = [list(row) for row in ROWS]
    out: list[str] = []
    done: set[tuple[int, int]] = set()
    for y, row in enumerate(rows):
        out.append("<tr>")
        for x, dark in enumerate(row):
            if (y, x) in done:
                continue
            twice = y + 1 < len(rows) and rows[y + 1][x] == dark and (y + 1, x) not in done
            if twice:
                done.add((y + 1, x))
            out.append(f'<td bgcolor="{"#000" if dark else "#fff"}"{" rowspan=2" if twice else ""}></td>')
        out.append("</tr>")
    assert payloads(drawn(f"<table>{''.join(out)}</table>")) == [GOAL]


def test_spans_with_coloured_grounds_in_lines_are_drawn() -> None:
    lines = [
        "".join(f'<span style="background:{"#000" if dark else "#fff"}">&nbsp;&nbsp;</span>' for dark in row)
        for row in ROWS
    ]
    assert payloads(drawn(f"<pre>{'<br>'.join(lines)}</pre>")) == [GOAL]


def test_ordinary_bodies_draw_nothing() -> None:
    letter = "<p>Dear customer,</p>" + "<table><tr><td bgcolor=#eee>a</td><td>b</td></tr></table>" * 80
    calendar = "<table>" + ("<tr>" + "<td bgcolor=#fff>&nbsp;</td>" * 7 + "</tr>") * 20 + "</table>"
    board = "<table>" + "".join(
        "<tr>" + "".join(f'<td bgcolor="{"#000" if (x + y) % 2 else "#fff"}"></td>' for x in range(16)) + "</tr>"
        for y in range(16)
    ) + "</table>"  # fmt: skip
    for html in (letter, calendar, board):
        assert drawn(html).codes == ()
    assert drawn(text="----\n" * 40 + "## Heading\n" + "#" * 70 + "\n" + "1101 0011\n" * 30).codes == ()


@pytest.mark.parametrize(
    "html",
    [
        "<td bgcolor=#000></td>" * 50_000,
        "<div style='background:#000'>" * 50_000,
        "<svg>" + "<rect width='1' height='1'" * 20_000,
        "<svg><path d='" + "M1 1h1" * 100_000 + "'/></svg>",
        "<div style='box-shadow:" + "1px 1px #000," * 20_000 + "'></div>",
        "<img src='cid:a'>" * 20_000,
        "<img src='data:image/png;base64," + "A" * 500_000 + "'>" * 2,
        "<pre>" + "▀▄█" * 60_000 + "</pre>",
        "<table>" + "<tr>" * 20_000 + "<td colspan=999 rowspan=999 bgcolor=#000></td>" * 300,
    ],
    ids=["cells", "depth", "open tags", "path", "shadows", "pictures", "data", "blocks", "spans"],
)
def test_hostile_bodies_are_bounded(html: str) -> None:
    drawn(html)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(
    "<table> </table> <tr> <td> <td\tbgcolor=#000> <td\tcolspan=9> </td> <div\tstyle='float:left;width:3px;background:#111'> </div> <br> "
    "<svg> <rect\tx='1'\twidth='2'\theight='3'/> <path\td='M1-1h7z'/> <img\tsrc=cid:a> <img\tsrc=data:image/gif;base64,R0lGOD> ▀▄█▀ ## "
    "<span\tstyle='position:absolute;left:3px;top:-9px;background:red;width:1px;height:1px'> <pre>".split(" ")
), max_size=300))  # fmt: skip
def test_any_mixture_of_what_draws_is_read_without_error(pieces: list[str]) -> None:
    drawn("".join(piece.replace("\t", " ") * 3 for piece in pieces))


@pytest.mark.parametrize("name", sorted(BODIES))
def test_what_draws_a_code_shows_a_sign_of_it_and_is_sent_to_another_process_whole(name: str) -> None:
    raw = BODIES[name](random.Random(3))[1]
    message = parse_message(raw)
    assert may_draw(message)
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(body_of(message)), type=Body)
    assert drawn_codes(sent) == drawn_codes(message)


def test_an_ordinary_letter_shows_no_sign() -> None:
    page = "<p>Dear reader,</p>" + "<table><tr><td>word</td><td bgcolor=red>more</td></tr></table>" * 200
    assert not may_draw(parse_message(mail(page, "Dear reader, see below.")))


def test_every_block_character_is_counted_before_it_is_looked_for() -> None:
    blocks = [char for char in map(chr, range(0x2000, 0x1FFFF)) if not "\ud800" <= char <= "\udfff"]
    blocks = [char for char in blocks if glyphs._BLOCK.match(char)]
    assert len(blocks) > 300
    assert all(glyphs.may_be_drawn(char * glyphs.FEWEST_BLOCKS) for char in blocks)
    assert not glyphs.may_be_drawn(blocks[0] * (glyphs.FEWEST_BLOCKS - 1) + "\u4e2d" * 100)
