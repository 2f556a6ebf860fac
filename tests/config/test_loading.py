import json
import string
import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ensemble_hwr.config import load_config, load_demo
from ensemble_hwr.config._errors import show_path
from ensemble_hwr.config.loading import apply_overrides, parse_override
from ensemble_hwr.config.schema import STANDARD_CONTENDERS
from ensemble_hwr.exceptions import ConfigError

GOOD = """
name = "mine"
[data]
format = "index"
path = "letters"
sources = ["one", "two"]
"""


@pytest.fixture
def write(tmp_path):
    def write(text=GOOD):
        file = tmp_path / "mine.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def problems(file, *overrides):
    with pytest.raises(ConfigError) as caught:
        load_config(file, overrides)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}: ") or line.startswith("--set ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_defaults_are_filled_in_and_the_path_is_relative_to_the_file(write, tmp_path):
    config = load_config(write())
    assert config.data.path == str(tmp_path / "letters")
    assert config.compare.contenders == STANDARD_CONTENDERS
    assert config.seeds == (0, 1, 2, 3, 4)
    assert config.split.kind == "predefined"


def test_a_config_is_frozen(write):
    config = load_config(write())
    with pytest.raises(ValidationError):
        config.name = "other"


def test_overrides_are_validated_like_the_file(write):
    assert load_config(write(), ["router.params.hidden_layer_sizes=[7]"]).router.params == {"hidden_layer_sizes": [7]}
    assert problems(write(), "router.params.alpha=-1")[0].startswith("router.params.alpha: ")


def test_a_file_with_a_byte_order_mark_is_read(write):
    assert load_config(write("\ufeff" + GOOD)).name == "mine"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("rooter=1", "rooter: unknown key; did you mean 'router'? allowed: "),
        ("data.souces=[]", "data.souces: unknown key; did you mean 'sources'? allowed: drop_upside_down, format, "),
        ("split.kind=randm", "split.kind: got 'randm'; did you mean 'random'? allowed: predefined, random, sources"),
        ("split={ test_size = 0.2 }", "split.kind: is missing; allowed: "),
        ("split={ kind = 'random', test_size = 2.0 }", "split.test_size: got 2.0; it should be less than 1"),
        ("split=3", "split: got 3; it should be a table"),
        ("seeds=['a']", "seeds[0]: got 'a'; it should be a valid integer"),
        ("seeds=[]", "seeds: got []; "),
        ("seeds=[1, 1]", "seeds: got [1, 1]; a repeated seed"),
        ("seeds=[-1]", "seeds[0]: got -1; it should be greater than or equal to 0"),
        ("data={ format = 'folder' }", "data.path: is missing"),
        ("balance={ method = 'cap', per_class = 0 }", "balance.per_class: got 0; it should be greater than"),
        ("hierarchy.cv=0.7", "hierarchy.cv: got 0.7; allowed: a number of folds, 2 or more; the share"),
        ("hierarchy.routing=firm", "hierarchy.routing: got 'firm'; allowed: 'soft' or 'top_down'"),
        ("hierarchy.groups=[3]", "hierarchy.groups: got [3]; allowed: 'batches', 'derived', a list of sets"),
        ("hierarchy.confusables=none of them", "hierarchy.confusables: got 'none of them'; allowed: 'none', 'derived'"),
        ("hierarchy.trust=1.5", "hierarchy.trust: got 1.5; allowed: 'learned', a number from 0 to 1"),
        ("router.view=gradient", "router.view: there is no view 'gradient'; allowed: pixels"),
        ("views.pixels.steps=[{use='pca'}]", "views.pixels: the view 'pixels' is predefined"),
        ("views.v.steps=[]", "views.v.steps: got []; "),
        (
            "views.v.steps=[{use='pca', n_componets=3}]",
            "views.v.steps[0].n_componets: PCA has no such parameter; did you",
        ),
        (
            "views.v.steps=[{use='pca', n_components='x'}]",
            "views.v.steps[0].n_components: The 'n_components' parameter",
        ),
        (
            "views.v.steps=[{use='mlp'}]",
            "views.v.steps[0].use: got 'mlp'; expected a class with the methods fit and tran",
        ),
        (
            "router.estimator=MLP",
            "router.estimator: got 'MLP'; write an import path such as 'sklearn.svm.SVC', or a short",
        ),
        (
            "router.estimator=lightgbm.X",
            "router.estimator: got 'lightgbm.X'; package 'lightgbm' is not",
        ),
        (
            "router.estimator=sklearn.svm.SVX",
            "router.estimator: got 'sklearn.svm.SVX'; module 'sklearn.svm' has no 'SVX'",
        ),
        (
            "router.estimator=sklearn.svn.SVC",
            "router.estimator: got 'sklearn.svn.SVC'; there is no module 'sklearn.svn'",
        ),
        (
            "router.estimator=sklearn.base.clone",
            "router.estimator: got 'sklearn.base.clone'; expected a class with the methods fit",
        ),
        (
            "router.params.alfa=1",
            "router.params.alfa: MemberMLPClassifier has no such parameter; did you mean 'alpha'?",
        ),
        ("router.params.alpha=x", "router.params.alpha: The 'alpha' parameter of MemberMLPClassifier must be a float"),
        ("members.router.view=pixels", 'members.router: unknown member; write "specialist:GROUP" or "expert:SET"'),
        (
            'members."expert:B/P".params.alfa=1',
            'members."expert:B/P".params.alfa: MemberMLPClassifier has no such parameter',
        ),
        ("contenders.flat.estimator=mlp", "contenders.flat: is the name of a standard contender"),
        (
            "compare.contenders=['flt']",
            "compare.contenders[0]: there is no contender 'flt'; declare it as [contenders.flt]",
        ),
        ("compare.contenders=['flat','flat']", "compare.contenders: 'flat' is in the list twice"),
        ("split={ kind='sources', train=['one'], test=['three'] }", "split.test[0]: source 'three' is not among"),
        ("split={ kind='sources', train=['one'], test=['one'] }", "split.test: source 'one' is in train too"),
        ("data={ format='generated' }", "split.kind: generated letters have no predefined split"),
    ],
)
def test_each_error_is_one_line_with_its_key(write, override, line):
    found = problems(write(), override)
    assert len(found) == 1
    assert found[0].startswith(line)


def test_all_errors_are_reported_together(write):
    found = problems(write(), "seeds=3", "data.format=folder", "hierarchy.cv=1", "router.params.alpha=-1", "nmae='x'")
    assert [line.split(":")[0] for line in found] == [
        "seeds",
        "data.sources",
        "hierarchy.cv",
        "router.params.alpha",
        "nmae",
    ]


def test_parameters_of_nested_estimators_are_validated(write):
    nested = "{ estimator = { estimator = 'sklearn.svm.SVC', params = { C = -1 } }, ensemble = false }"
    settings = ["router.estimator=sklearn.calibration.CalibratedClassifierCV", f"router.params={nested}"]
    assert problems(write(), *settings)[0].startswith("router.params.estimator.params.C: The 'C' parameter of SVC")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name = ", "is not valid TOML"),
        (b"x = " + b"[" * 5000, "nested too deeply"),
        (b"\xff\xfe\x00", "is not a UTF-8 text file"),
        (b"\x89PNG\r\n\x1a\n", "is not a UTF-8 text file"),
        (b"", "name: is missing"),
    ],
)
def test_files_that_are_not_configs_are_rejected(tmp_path, content, reason):
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=reason):
        load_config(file)


def test_a_missing_file_and_a_folder_are_rejected(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


def test_importing_config_does_not_import_scikit_learn():
    code = "import sys, ensemble_hwr.config; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_classifier_without_probabilities_is_rejected_on_loading(write):
    (line,) = problems(write(), "expert.estimator=sklearn.svm.LinearSVC")
    assert "has no predict_proba" in line


def test_flat_needs_the_hierarchy_and_an_mlp_to_scale(write):
    (line,) = problems(write(), 'compare.contenders=["flat"]')
    assert "which must be among the contenders" in line
    found = problems(write(), "router.estimator=sklearn.naive_bayes.GaussianNB")
    assert found[0].startswith("router.estimator: contender 'flat' is a scaled MLP; declare an MLP as [flat]")
    assert load_config(write(), ["router.estimator=sklearn.naive_bayes.GaussianNB", "flat.estimator=mlp"])


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("normalizer.size=32", "normalizer.size: got 32; rows have 28x28"),
        ("normalizer.bax=20", "normalizer.bax: LetterNormalizer has no such parameter; did you mean 'box'?"),
        ("normalizer.method=mas", "normalizer.method: The 'method' parameter"),
    ],
)
def test_normalizer_parameters_are_validated(write, override, line):
    assert problems(write(), override)[0].startswith(line)


def test_a_file_that_is_too_long_is_rejected():
    with pytest.raises(ConfigError, match="is longer than 1,000,000 bytes"):
        load_config("/dev/zero")


@pytest.mark.parametrize("form", ["folder", "kaggle", "nist"])
def test_a_split_by_writer_needs_writers(form):
    with pytest.raises(ConfigError, match=f"split.by: data of format '{form}' has no writers; write by = 'sample'"):
        load_demo([f'data={{ format = "{form}", path = "x" }}', 'split={ kind = "random", by = "writer" }'])


BARE = string.ascii_letters + string.digits + "_-"
keys = st.text(BARE, min_size=1) | st.text(string.printable.strip().replace('"', "") + " äß=:.", min_size=1)
paths = st.lists(keys | st.integers(0, 999_999), min_size=1, max_size=6).filter(lambda path: isinstance(path[0], str))
values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | st.text(BARE),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@given(paths, values)
def test_formatted_paths_and_values_are_parsed_back(path, value):
    assert parse_override(f"{show_path(path)}={json.dumps(value)}") == (tuple(path), value)


@given(st.text())
def test_any_text_is_parsed_or_raises_a_config_error(text):
    try:
        path, _ = parse_override(text)
    except ConfigError as error:
        assert str(error).startswith("--set ")  # noqa: PT017
    else:
        assert path
        assert isinstance(path[0], str)


@given(paths, values)
def test_an_override_changes_only_its_key(path, value):
    path = [part for part in path if isinstance(part, str)]
    document = {"other": {"kept": [1, {"x": 2}]}}
    if path[0] == "other":
        path[0] = "another"
    changed = apply_overrides(document, [f"{show_path(path)}={json.dumps(value)}"])
    assert document == {"other": {"kept": [1, {"x": 2}]}}
    assert changed["other"] == document["other"]
    for part in path:
        changed = changed[part]
    assert changed == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=3", 3),
        ("a=1e-4", 1e-4),
        ("a=true", True),
        ("a=mlp", "mlp"),
        ("a=sklearn.svm.SVC", "sklearn.svm.SVC"),
        ("a=/some/folder with spaces", "/some/folder with spaces"),
        ("a='3'", "3"),
        ('a=""', ""),
        ("a = [1, 2]", [1, 2]),
        ("a={ b = 1 }", {"b": 1}),
        ("a=b=c", "b=c"),
    ],
)
def test_values_are_toml_and_bare_words_are_strings(text, value):
    assert parse_override(text) == (("a",), value)


@pytest.mark.parametrize(
    "text", ["", "a", "=3", "a=", "a..b=1", ".a=1", "a.=1", "[0]=1", "a.[0]=1", "a[x]=1", 'a"b"=1']
)
def test_invalid_overrides_are_quoted_in_the_error(text):
    with pytest.raises(ConfigError) as caught:
        parse_override(text)
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["a=[1, 2", "a='x", "a={b=1", "a=1\nb=2"])
def test_a_malformed_value_is_not_a_bare_word(text):
    with pytest.raises(ConfigError, match="value"):
        parse_override(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("seeds[2]=1", "2 items"), ("seeds.x=1", "not a table"), ("name[0]=1", "not a list"), ("name.x=1", "not a table")],
)
def test_a_path_that_does_not_fit_the_file_is_rejected(text, reason):
    with pytest.raises(ConfigError, match=reason):
        apply_overrides({"seeds": [0, 1], "name": "x"}, [text])


def test_later_overrides_win_and_missing_tables_are_created():
    assert apply_overrides({}, ["a.b=1", "a.b=2", "a.c=x"]) == {"a": {"b": 2, "c": "x"}}


def test_a_deeply_nested_value_is_rejected():
    with pytest.raises(ConfigError, match="nested too deeply"):
        apply_overrides({}, ["x=" + "[" * 5000])


DOTS = ".".join(["a"] * 50_000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{DOTS} = 1", "is nested too deeply"),
        (f"[{DOTS}]", "is nested too deeply"),
        (f"x = {{ {DOTS} = 1 }}", "is nested too deeply"),
        ("'a' . \"b\" ." * 50 + " c = 1", "is nested too deeply"),
        (f"x = {'9' * 5000}", "is not valid TOML"),
    ],
    ids=["key", "heading", "inline", "quoted", "integer"],
)
def test_files_that_would_take_gigabytes_are_refused_at_once(tmp_path, text, message):
    (tmp_path / "x.toml").write_text(text)
    tracemalloc.start()
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "x.toml")
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_overrides_of_thousands_of_digits_or_keys_are_errors():
    for value in ("9" * 5000, f"{{ {DOTS} = 1 }}"):
        with pytest.raises(ConfigError, match=r"alpha|nested too deeply"):
            load_demo([f"router.params.alpha={value}"])


def test_home_of_an_unknown_user_is_a_path_like_any_other(write):
    config = load_config(
        write('name = "x"\n[data]\nformat = "folder"\npath = "~no_such_user/x"\n[split]\nkind = "random"')
    )
    assert config.data.path.endswith("~no_such_user/x")
