"""Works as BibTeX: fields, accents, exactly those that are cited."""

from __future__ import annotations

import re

from qres.notation.bibtex import bibliography
from qres.notation.source import (
    BRASSARD_2002,
    COSTA_2025,
    DALZELL_2022,
    DALZELL_2024,
    GIDNEY_FOWLER,
    JENNINGS_2023,
    SUENDERHAUF_2025,
    VAN_APELDOORN_2022,
    Source,
    derived,
)


def test_an_article_and_a_preprint():
    assert COSTA_2025.bibtex() == (
        "@article{costa2025,\n"
        "  author = {Costa and An and Babbush and Berry},\n"
        "  title = {{The discrete adiabatic quantum linear system solver has lower constant factors"
        " than the randomized adiabatic solver}},\n"
        "  year = {2025},\n"
        "  journal = {Quantum},\n"
        "  volume = {9},\n"
        "  pages = {1887},\n"
        "  eprint = {2312.07690},\n"
        "  archivePrefix = {arXiv},\n"
        "}\n"
    )
    # the statement stands in version 2, so the version is cited
    assert "@misc{dalzell2024," in DALZELL_2024.bibtex()
    assert "eprint = {2406.12086v2}" in DALZELL_2024.bibtex()
    # plain.bst prints no eprint: the version is to be seen there, too
    assert "howpublished = {arXiv:2406.12086v2}" in DALZELL_2024.bibtex()
    assert "howpublished" not in COSTA_2025.bibtex()


def test_accents_and_names():
    assert r"S{\"u}nderhauf and N{\'e}meth and Walayat" in SUENDERHAUF_2025.bibtex()
    assert r"H{\o}yer" in BRASSARD_2002.bibtex()
    assert r"Suba{\c s}{\i}" in JENNINGS_2023.bibtex()
    assert "{van Apeldoorn} and Cornelissen" in VAN_APELDOORN_2022.bibtex()
    assert "author = {Dalzell and others}" in DALZELL_2022.bibtex()
    assert r"$|\mathrm{CCZ}\rangle$ to 2$|\mathrm{T}\rangle$" in GIDNEY_FOWLER.bibtex()


def test_exactly_the_works_that_are_cited():
    cited = [Source("Eq. (48)", DALZELL_2024), derived("by hand"), Source("x", COSTA_2025)]
    text = bibliography([*cited, *cited, BRASSARD_2002])
    assert re.findall(r"@\w+\{(\w+),", text) == ["brassard2002", "costa2025", "dalzell2024"]
    assert "note" not in text
    assert bibliography([derived("by hand")]) == ""


def test_what_was_not_read_again_is_marked():
    recalled = Source("Theorem 4", BRASSARD_2002, "recalled")
    assert "note = {recalled from the literature, not read again}" in bibliography([recalled])
    assert "note" not in bibliography([recalled, Source("Theorem 12", BRASSARD_2002)])
