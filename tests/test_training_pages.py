"""Pages: what stands on a page and not in its article is labelled out, and what cannot be told is left out."""

from __future__ import annotations

import pytest

from training.pages import labelled_blocks, runs_of, words_of

ARTICLE = [
    "The river rose in the night and the bridge was closed to all.",
    "Water stood in the lower streets by six in the morning.",
    "Nobody was hurt, said the mayor, but three boats were lost.",
    "Repairs of the bridge will take until spring, if it stays dry.",
    "The school opens again on Monday.",
]
TITLE = "Flood closes bridge"


def html_of(blocks: list[str], tag: str = "p") -> str:
    return "".join(f"<{tag}>{block}</{tag}>\n" for block in blocks)


BODY = html_of(ARTICLE)


def told(html: str, article: list[str] = ARTICLE, title: str = TITLE) -> list[tuple[str, int]]:
    """The blocks of a page with their labels."""
    return list(zip(*labelled_blocks(html, article, title), strict=True))


def page_of(before: str = "", after: str = "") -> str:
    return f"<!doctype html><html><head><title>T - Site</title></head><body>{before}<main>{BODY}</main>{after}</body></html>"


BELONGING = [(paragraph, 0) for paragraph in ARTICLE]


def test_a_page_is_told_apart_into_its_article_and_what_surrounds_it() -> None:
    page = f"""<!doctype html>
    <html><head><title>Flood closes bridge - The Gazette</title><style>p {{ color: red }}</style></head>
    <body>
      <nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
      <h1>Flood closes <em>bridge</em></h1>
      <div class="share">Share on <b>Chirper</b> &amp; Facepage</div>
      <script>var tracked = "a <b>script</b> is no text";</script>
      <article>{BODY}
        <table><tr><td>Gauge</td><td>412 cm</td></tr></table>
      </article>
      <aside><p>Read next: a shoe sale<br>in every shop!</p></aside>
      <footer>Ann Writer covers floods for this paper.</footer>
    </body></html>"""
    assert told(page) == [
        ("Home", 1),
        ("Sport", 1),
        ("Share on Chirper & Facepage", 1),
        *BELONGING,
        ("Read next: a shoe sale", 1),
        ("in every shop!", 1),
        ("Ann Writer covers floods for this paper.", 1),
    ]


def test_the_title_is_left_out_however_it_is_spelt() -> None:
    page = page_of("<h1>FLOOD closes&nbsp;bridge!</h1><p>Flood closes bridge, and more</p>")
    assert told(page) == [("Flood closes bridge, and more", 1), *BELONGING]
    assert told(page, title="") == [("FLOOD closes bridge!", 1), ("Flood closes bridge, and more", 1), *BELONGING]


def test_a_block_is_told_by_its_runs_of_three_words() -> None:
    half = "School opens again, sadly"  # one run of two is of the article
    fifth = "They said: said the mayor, sadly, today"
    none = "Boats and water and bridge and mayor and streets and night"
    assert told(page_of(after=html_of([half, fifth, none]))) == [*BELONGING, (half, 0), (none, 1)]


def test_case_punctuation_and_blanks_are_passed_over() -> None:
    blocks = [paragraph.upper().replace(" ", " \n\t ").replace(",", " –") for paragraph in ARTICLE]
    assert told(html_of(blocks)) == [(" ".join(block.split()), 0) for block in blocks]


def test_a_short_word_of_a_menu_that_is_in_the_article_is_left_out() -> None:
    page = page_of(html_of(["School", "The bridge", "Weather", "The weather"], "li"))
    assert told(page) == [("Weather", 1), ("The weather", 1), *BELONGING]
    # As a line of the article it belongs, wherever it stands.
    assert told(page, [*ARTICLE, "School"])[:2] == [("School", 0), ("Weather", 1)]


def test_cells_of_a_table_belong_or_are_left_out() -> None:
    rows = f"<tr><th>Advertisement of shoes and hats</th><td>{ARTICLE[1]}</td></tr>"
    table = f"<p>A line about shoes</p><table><tbody>{rows}<tr><td><p>Of hats alone</p></td></tr></tbody></table>"
    assert told(page_of(after=f"{table}<p>A line about hats</p>")) == [
        *BELONGING,
        ("A line about shoes", 1),
        (ARTICLE[1], 0),
        ("A line about hats", 1),
    ]
    nested = page_of(after="<table><tr><td><table><tr><td>In</td></tr></table>Of hats alone</td></tr></table><p>Out again</p>")
    assert told(nested) == [*BELONGING, ("Out again", 1)]


@pytest.mark.parametrize(
    "silent",
    [
        '<script>document.write("<p>a script about shoes</p>");</script>',
        "<style>p.shoes { color: red }</style>",
        "<noscript><p>Please turn on <b>scripts</b> for shoes</p></noscript>",
        "<svg><title>A shoe</title><text>Of shoes alone</text></svg>",
        "<pre>shoes = hats\n<code>print(shoes)</code> and more</pre>",
        "<select><option>Shoes of ours</option><option>Hats of ours</option></select>",
        "<template><p>Shoes to come</p></template>",
        "<!-- <p>Shoes in a comment</p> -->",
        '<p></p><p> \n&nbsp;</p><p>***</p><img alt="shoes of ours">',
    ],
    ids=["script", "style", "noscript", "svg", "code", "select", "template", "comment", "no words"],
)
def test_what_no_reader_sees_is_no_block(silent: str) -> None:
    assert told(page_of(silent, f"{silent}<p>What comes after it</p>")) == [*BELONGING, ("What comes after it", 1)]


def test_tags_that_are_never_closed_or_never_opened_do_no_harm() -> None:
    body = "".join(f"<p><b>{paragraph}" for paragraph in ARTICLE)
    page = f"</table></script></p><body><ul><li>Weather<li>Sport</ul>{body}<hr>Read on & on <div>Ann Writer, of this paper"
    # A table after one that was closed too often is a table still.
    assert told(f"{page}<table><tr><td>Of hats alone</table>") == told(page)
    expected = [("Weather", 1), ("Sport", 1), *BELONGING, ("Read on & on", 1), ("Ann Writer, of this paper", 1)]
    assert told(page) == expected
    assert told(f"{page}<") == [*expected[:-1], ("Ann Writer, of this paper<", 1)]


def test_inline_tags_do_not_part_a_block_but_breaks_do() -> None:
    page = page_of(after="<p>A <a>line</a> a<b>bo</b>ut <span>shoes</span><br/>and one about hats</p>")
    assert told(page) == [*BELONGING, ("A line about shoes", 1), ("and one about hats", 1)]


def test_six_blocks_before_the_article_are_kept_and_twelve_after() -> None:
    menu = [f"Shoes number {word}" for word in "abcdefghij"]
    teasers = [f"Hats number {word}" for word in "abcdefghijklmnopqrst"]
    found = told(page_of(html_of(menu, "li"), html_of(teasers, "div")))
    assert found == [*((line, 1) for line in menu[4:]), *BELONGING, *((line, 1) for line in teasers[:12])]


def test_short_lines_of_the_article_do_not_stretch_it() -> None:
    # "On Monday" stands in the menu too, twenty lines before the article begins.
    menu = ["On Monday", *(f"Shoes number {word}" for word in "abcdefghijklmnopqrst")]
    found = told(page_of(html_of(menu, "li")), [*ARTICLE, "On Monday"])
    assert found == [*((line, 1) for line in menu[-6:]), *BELONGING]


@pytest.mark.parametrize("count", [0, 3, 4])
def test_a_page_with_fewer_than_four_blocks_of_the_article_was_not_understood(count: int) -> None:
    page = f"<p>A line about shoes</p>{html_of(ARTICLE[:count])}<p>The river rose</p><p>A line about hats</p>"
    found = labelled_blocks(page, ARTICLE, TITLE)
    # "The river rose" is of the article, but too short to say that the page was read well.
    expected = (1, *[0] * count, 0, 1) if count == 4 else ()
    assert found[1] == expected
    assert len(found[0]) == len(expected)


def test_runs_are_of_lower_cased_words_in_order_and_as_often_as_they_stand() -> None:
    words = words_of("On, and ON – and on")
    assert words == ["on", "and", "on", "and", "on"]
    assert runs_of(words, 2) == [("on", "and"), ("and", "on")] * 2
    assert runs_of(words, 6) == []


def test_an_empty_page_or_article_gives_nothing() -> None:
    assert labelled_blocks("", ARTICLE, TITLE) == ((), ())
    assert labelled_blocks(page_of(), [], TITLE) == ((), ())
    assert labelled_blocks(page_of(), ["", "  "]) == ((), ())
    assert labelled_blocks(page_of(), ARTICLE)[1] == (0,) * 5
