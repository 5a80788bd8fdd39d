from pages.shared.plain import plain


def test_what_a_file_says_is_no_link_picture_colour_formula_or_type() -> None:
    assert plain("![x](http://a.b/c.png)") == r"!\[x\](http://a.b/c.png)"
    assert plain(":red[loud] **bold** `code` $x^2$ ~~gone~~ <b>") == (
        r":red\[loud\] \*\*bold\*\* \`code\` \$x^2\$ \~\~gone\~\~ \<b>"
    )


def test_ordinary_words_stay_as_they_are() -> None:
    text = (
        "Change in held-out r of layer 3 (full precision), n = 783 TRs; q ≤ 0.05. Doe et al. 2026."
    )
    assert plain(text) == text
