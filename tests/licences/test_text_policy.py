import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import RequestError
from elicence.licences.text_policy import clean_text, text_fault

NONCHARACTERS = {plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF)} | set(range(0xFDD0, 0xFDF0))
# Arabic, Syriac, Kaithi and Egyptian format characters that are drawn, so nothing hides behind them.
VISIBLE_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}


def test_every_character_that_is_not_seen_is_refused_and_every_letter_passes():
    for point in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(point))
        if (
            point in NONCHARACTERS
            or category in {"Cc", "Cs", "Zl", "Zp"}
            or (category == "Cf" and point not in VISIBLE_FORMAT)
        ):
            assert text_fault(f"a{chr(point)}"), f"U+{point:04X}"
        elif category in {"Nd", "Lu", "Ll", "Sm", "Sc", "Po", "Ps", "Pe", "Pd", "Zs", "Co"}:
            assert text_fault(f"a{chr(point)}") is None, f"U+{point:04X}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("\x00", "a control character at character 1"),
        ("深圳\n市", "a control character at character 3"),
        ("a\x85", "a control character at character 2"),
        ("a\x7f", "a control character at character 2"),
        ("a\u2028", "a line or paragraph separator at character 2"),
        ("abc\u202egpj", "a bidirectional control at character 4"),
        ("a\u2066b\u2069", "a bidirectional control at character 2"),
        ("\u200b", "an invisible character at character 1"),
        ("福\u200d满", "an invisible character at character 2"),
        ("\ufeffa", "an invisible character at character 1"),
        ("a\u3164", "an invisible character at character 2"),
        ("a\U000e0041", "a tag character at character 2"),
        ("\ud800", "half of a surrogate pair at character 1"),
        ("a\udfff", "half of a surrogate pair at character 2"),
        ("a\uffff", "a noncharacter at character 2"),
        ("a\U0010fffe", "a noncharacter at character 2"),
    ],
)
def test_each_fault_is_named_with_its_place_and_no_echo(text, fault):
    assert text_fault(text) == fault
    with pytest.raises(RequestError) as caught:
        clean_text(text, pointer="/holders/0/name")
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("/holders/0/name", "text_policy")
    assert text not in problem.detail


@pytest.mark.parametrize(
    "text",
    ["", "深圳市福满楼餐饮有限公司", "粤(2026)深圳市不动产权第0012345号", "བོད་ལྗོངས", "ئۇيغۇر", "Ōsaka",
     "𠮷野家", "a b", "👍", "\ue000 (a rare name)", "葛\U000e0100", "“引号”——《标题》", "～！＠＃"],
)  # fmt: skip
def test_honest_text_passes_unchanged(text):
    assert clean_text(text) == unicodedata.normalize("NFC", text)


@given(st.text())
def test_clean_text_is_nfc_and_cleaning_twice_changes_nothing(text):
    try:
        cleaned = clean_text(text)
    except RequestError:
        assert text_fault(text)
    else:
        assert unicodedata.is_normalized("NFC", cleaned)
        assert clean_text(cleaned) == cleaned
