import re
from collections import Counter
from math import exp, fsum, inf, log
from numbers import Real

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import Lexicon

some_words = st.lists(st.text("ABC", min_size=1, max_size=5), min_size=1, max_size=30)


@given(some_words, st.text("ABCD", max_size=6))
def test_a_lexicon_is_the_sorted_set_of_its_words(words, other):
    lexicon = Lexicon(words)
    assert list(lexicon) == sorted(set(words))
    assert len(lexicon) == len(set(words))
    assert all(word in lexicon for word in words)
    assert (other in lexicon) == (other in set(words))


def following(lexicon, node):
    """Return the letters after a node, each with the result of `step`."""
    codes, first, ending, best = lexicon.arrays()
    below = range(first[node], first[node + 1])
    assert [lexicon.end(child) for child in below] == [
        None if ending[c] == -inf else ending[c] - best[c] for c in below
    ]
    return [(chr(codes[child]), child, best[child] - best[node]) for child in below]


some_counts = st.floats(1e-3, 1e12)


@given(st.dictionaries(st.text("ABC", min_size=1, max_size=5), some_counts, min_size=1, max_size=20))
def test_probabilities_are_relative_frequencies_and_steps_bound_them(counts):
    lexicon = Lexicon(counts)
    expected = {word: log(count) - log(sum(counts.values())) for word, count in counts.items()}
    assert lexicon.least == pytest.approx(min(expected.values()))
    for word, log_probability in expected.items():
        assert lexicon.log_probability(word) == pytest.approx(log_probability, abs=1e-9)
        node, total = lexicon.start, 0.0
        for place, letter in enumerate(word, 1):
            assert (letter, *lexicon.step(node, letter)) in following(lexicon, node)
            node, part = lexicon.step(node, letter)
            assert part <= 0
            total += part
            best = max(of for other, of in expected.items() if other.startswith(word[:place]))
            assert total == pytest.approx(best, abs=1e-9)
        assert lexicon.end(node) <= 0
        assert total + lexicon.end(node) == pytest.approx(log_probability, abs=1e-9)


def test_without_counts_words_are_equally_probable_and_other_texts_impossible():
    lexicon = Lexicon(["TEA", "TEA", "TEN", "TO"])
    assert [exp(lexicon.log_probability(word)) for word in ("TEA", "TEN", "TO")] == pytest.approx([1 / 3] * 3)
    assert [lexicon.log_probability(word) for word in ("TE", "TEAS", "")] == [-inf] * 3


def test_counts_of_equal_words_are_added():
    lexicon = Lexicon({"TEA": 1, " TEA": 2, "TO": 7})
    assert exp(lexicon.log_probability("TEA")) == pytest.approx(0.3)
    assert exp(Lexicon(Counter(["TO", "BE", "OR", "NOT", "TO", "BE"])).log_probability("TO")) == pytest.approx(1 / 3)


@pytest.mark.parametrize("count", [0, -1, inf, float("nan"), "3", None, 1e301, 10**400])
def test_invalid_counts_raise(count):
    with pytest.raises(DataError, match=r"^the count of 'TO' must be a number above 0 and at most 1e\+300, got"):
        Lexicon({"TEA": 1, "TO": count})


@pytest.mark.parametrize(
    "counts", [{"A": 1e300, "B": 1e300}, {"A": 5e-324, "B": 1e300}, {"A": np.float32(2), "B": np.int64(3)}]
)
def test_counts_can_be_numbers_of_any_size_and_type(counts):
    for lexicon in (Lexicon(counts), Lexicon(counts).spelled_with("AB")):
        assert all(np.isfinite(lexicon.log_probability(word)) for word in counts)
        assert sum(exp(lexicon.log_probability(word)) for word in counts) == pytest.approx(1)


def test_a_lexicon_of_20000_words():
    words = [f"{number:b}".replace("0", "A").replace("1", "B") for number in range(20_000)]
    lexicon = Lexicon(words)
    assert len(lexicon) == 20_000
    assert "B" * 14 in lexicon
    assert "B" * 20 not in lexicon
    assert 3 not in lexicon


def test_from_file_reads_one_word_per_line(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\n\r\ntwo \n")
    assert list(Lexicon.from_file(file)) == ["one", "two"]
    for content in (b"", b"\n\n", b"\xff\xff"):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"words\.txt: "):
            Lexicon.from_file(file)
    for missing in (tmp_path / "none.txt", tmp_path, "\0"):
        with pytest.raises(DataError, match="cannot be read"):
            Lexicon.from_file(missing)


def shares(lexicon):
    return {word: round(exp(lexicon.log_probability(word)), 3) for word in lexicon}


def test_from_file_reads_words_and_counts(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xef\xbb\xbftea 15\r\n\r\nto\t 80.5 \nTEA  3.5e0\ntea 1\n12 100\n")
    assert shares(Lexicon.from_file(file)) == {"12": 0.5, "TEA": 0.018, "tea": 0.08, "to": 0.403}
    with pytest.warns(UserWarning, match="^1 of 4 words"):
        assert shares(Lexicon.from_file(file).spelled_with("AEOT")) == {"TEA": 0.195, "TO": 0.805}


@pytest.mark.parametrize("text", ["New York\ntea\n", "12\n13\n", "tea\nto nan\ninf\nto infinity\n", "231 the\n"])
def test_from_file_without_counts_keeps_lines_as_words(tmp_path, text):
    file = tmp_path / "words.txt"
    file.write_text(text)
    assert set(shares(Lexicon.from_file(file)).values()) == {round(1 / len(text.splitlines()), 3)}
    assert list(Lexicon.from_file(file)) == sorted(text.splitlines())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "\ntea\n\nto 80\n",
            r"line 4 has the count 80 of 'to', but line 2 has none: 'tea'; give a count",
        ),
        ("to 80\ntea\nten\n", r"line 1 has the count 80 of 'to', but line 2 has none: 'tea'"),
        ("word\tcount\ntea\t5\n", r"line 2 has the count 5 of 'tea', but line 1 has none: 'word\\tcount'"),
        ("tea 5\nto 1,000\n", r"line 1 has the count 5 of 'tea', but line 2 has none: 'to 1,000'"),
        ("tea 5\n\nto 0\n", r"line 3: the count of 'to' must be a number above 0 and at most 1e\+300, got 0\.0"),
        ("tea -5\n", r"line 1: the count of 'tea' must be .*, got -5\.0"),
    ],
)
def test_from_file_with_inconsistent_counts_raises(tmp_path, text, problem):
    file = tmp_path / "words.txt"
    file.write_text(text)
    with pytest.raises(DataError, match=rf"words\.txt: {problem}"):
        Lexicon.from_file(file)


def test_spelled_with_leaves_out_words_with_other_letters():
    lexicon = Lexicon(["tea", "Te", "o'clock"])
    with pytest.warns(UserWarning, match='^1 of 3 words of the lexicon are left out, such as "o\'clock"'):
        assert list(lexicon.spelled_with("AET")) == ["TE", "TEA"]
    with pytest.warns(UserWarning, match=r"such as \"o'clock\": they cannot be spelled with 'Taet' alone$"):
        assert list(lexicon.spelled_with("aetT")) == ["Te", "tea"]
    with pytest.raises(DataError, match=r"^no word of the lexicon can be spelled with 'XYZ' alone; one of .* is 'Te'"):
        lexicon.spelled_with("XYZ")


def test_spelled_with_merges_words_that_are_equal_in_upper_case():
    assert list(Lexicon(["tea", "TEA"]).spelled_with("AET")) == ["TEA"]


def test_spelled_with_adds_counts_of_words_that_are_equal_in_upper_case():
    assert shares(Lexicon({"tea": 3, "TEA": 1, "eat": 1}).spelled_with("AET")) == {"TEA": 0.8, "EAT": 0.2}
    assert shares(Lexicon(["tea", "TEA", "eat"]).spelled_with("AET")) == {"TEA": 0.5, "EAT": 0.5}
    assert shares(Lexicon({"tea": 1e300, "TEA": 1e300}).spelled_with("AET")) == {"TEA": 1}


def test_spelled_with_names_the_file_of_the_words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("tea\n12\n")
    with pytest.warns(UserWarning, match=r"^1 of 2 words of .*words\.txt are left out, such as '12'"):
        few = Lexicon.from_file(file).spelled_with("AET")
    with pytest.raises(DataError, match=r"^no word of .*words\.txt can be spelled with 'X' alone"):
        few.spelled_with("X")


@pytest.mark.parametrize("words", [[], ["", " "], "TEXT", {}, {" ": 3}, [3], {3: 3}])
def test_invalid_words_raise(words):
    with pytest.raises(DataError, match=r"at least one word|must be"):
        Lexicon(words)


def test_words_can_be_spelled_without_regard_to_case():
    lexicon = Lexicon({"Paris": 2, "paris": 1, "RUE": 1, "1er": 1})
    assert list(lexicon.spelled_with("aEiprsu1", ignore_case=True)) == ["1ER", "PARIS", "RUE"]


def test_spellings_are_those_of_the_most_frequent_words():
    assert Lexicon({"Paris": 2, "paris": 1, "RUE": 1}).spellings() == {"PARIS": "Paris", "RUE": "RUE"}


@given(st.dictionaries(st.text("ABß😀", min_size=1, max_size=5), some_counts, min_size=1, max_size=20), st.booleans())
def test_the_trie_has_the_prefixes_of_the_words_and_their_probabilities(counts, counted):
    lexicon = Lexicon(counts if counted else list(counts))
    total = fsum(counts.values()) if counted else len(counts)
    own = {word: log(count if counted else 1.0) - log(total) for word, count in counts.items()}
    nodes = {"": lexicon.start}
    for prefix in sorted({word[:stop] for word in own for stop in range(len(word))}, key=len):
        best = max(of_word for word, of_word in own.items() if word.startswith(prefix)) if prefix else 0.0
        expected = []
        for letter in sorted({word[len(prefix)] for word in own if word.startswith(prefix) and word != prefix}):
            below = max(of_word for word, of_word in own.items() if word.startswith(prefix + letter))
            expected.append((letter, below - best))
        found = following(lexicon, nodes[prefix])
        assert [(letter, change) for letter, _, change in found] == expected
        for letter, node, change in found:
            assert lexicon.step(nodes[prefix], letter) == (node, change)
            end = lexicon.end(node)
            assert (end is not None) == (prefix + letter in own)
            assert end is None or end == pytest.approx(own[prefix + letter] - (change + best), abs=1e-9)
            nodes[prefix + letter] = node


@pytest.mark.parametrize("text", ["tea 2\nten 5\ntea 1\n", "tea\n\n ten \ntea\n", "tea 2\n\n\tten\t5.5 \r\n"])
def test_a_file_is_read_as_its_words_are_given(tmp_path, text):
    (tmp_path / "words.txt").write_text(text, newline="")
    words = text.split()
    given = words
    if any(map(str.isdigit, words)):
        given = Counter()
        for word, count in zip(words[::2], words[1::2], strict=True):
            given[word] += float(count)
    expected, found = Lexicon(given), Lexicon.from_file(tmp_path / "words.txt")
    assert list(found) == list(expected)
    assert [found.log_probability(word) for word in found] == [expected.log_probability(word) for word in expected]


@pytest.mark.parametrize(
    ("letters", "words"),
    [("CAFEUBR", ["CAFE", "UBER"]), ("CAFÉUBER", ["CAFÉ", "UBER"]), ("cafebuér", ["café", "uber"])],
)
def test_accents_of_letters_that_cannot_be_read_are_removed(letters, words):
    assert list(Lexicon(["cafe\u0301", "über"]).spelled_with(letters)) == words


def test_counts_of_words_that_differ_in_accents_are_added():
    lexicon = Lexicon({"pêche": 1, "péché": 2, "chêne": 1}).spelled_with("CEHNP")
    assert lexicon.log_probability("PECHE") == pytest.approx(np.log(0.75))
    assert Lexicon({"pêche": 1, "péché": 2}).spellings() == {"PECHE": "péché"}


some_entries = st.tuples(
    st.one_of(
        st.text("AB ", max_size=3), st.text(max_size=10), st.builds(np.str_, st.text("ABÄ", max_size=12)), st.none()
    ),
    st.one_of(
        st.integers(1, 5),
        st.floats(),
        st.fractions(),
        st.decimals(),
        st.booleans(),
        st.builds(np.float32, st.floats(1, 2)),
        st.sampled_from([10**400, 10**300, -1, "1", None, np.array(1.0)]),
    ),
)


def checked_one_by_one(entries):
    """Return the summed counts of entries, which are checked in turn, or the message of the first invalid one."""
    counts = {}
    for word, count in entries.items():
        try:
            number = float(count) if isinstance(count, Real) else 0.0
        except OverflowError:
            number = 0.0
        if not 0 < number <= 1e300:
            return f"the count of {word!r} must be a number above 0 and at most 1e+300, got {count!r}; "
        if not isinstance(word, str):
            return f"each word must be a str, got {word!r}"
        counts[word.strip()] = counts.get(word.strip(), 0.0) + number
    counts.pop("", None)
    return counts or "a lexicon must hold at least one word, got none"


@settings(max_examples=150)
@given(
    st.one_of(st.lists(some_entries, max_size=3), st.lists(st.tuples(st.text(max_size=12), some_counts), max_size=20))
)
def test_counts_checked_at_once_give_what_they_give_one_by_one(entries):
    given_counts = dict(entries)
    expected = checked_one_by_one(given_counts)
    if isinstance(expected, str):
        with pytest.raises(DataError, match=f"^{re.escape(expected)}"):
            Lexicon(given_counts)
    else:
        lexicon, total = Lexicon(given_counts), fsum(expected.values())
        assert list(lexicon) == sorted(expected)
        assert [lexicon.log_probability(word) for word in lexicon] == [
            log(expected[word]) - log(total) for word in sorted(expected)
        ]


def test_words_with_halves_of_surrogate_pairs_are_sorted():
    counts = {"b": 1, "a\ud800": 2, "a": 3, "\U0001f600": 4}
    assert list(Lexicon(counts)) == list(Lexicon([*counts])) == sorted(counts)
