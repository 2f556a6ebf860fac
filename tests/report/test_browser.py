"""Reports in a real browser: no label is cut, covers another one or is too small, on a wide and on a narrow screen."""

import html
import json
import os
import re
import shutil
import subprocess

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from ensemble_hwr.config import load_demo
from ensemble_hwr.evaluation import summarise
from ensemble_hwr.evaluation._write import render_report
from ensemble_hwr.tuning import TuningResult
from ensemble_hwr.tuning import _report as tuning_report
from ensemble_hwr.tuning._improvement import Improvement
from ensemble_hwr.tuning._result import MemberResult

BROWSERS = ("chromium", "google-chrome")
SMALLEST = 9  # px
WIDTHS = (390, 1400)
MEASURE = """
const found = [];
const page = document.querySelector("iframe").contentDocument;
for (const details of page.querySelectorAll("details")) details.open = true;
for (const svg of page.querySelectorAll("svg:not([aria-hidden])")) {
  const frame = svg.getBoundingClientRect();
  if (!frame.width) continue;
  const scale = frame.width / svg.viewBox.baseVal.width;
  const boxes = [];
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    const name = svg.querySelector("title").textContent + ": " + text.textContent;
    if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
        box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      found.push("cut: " + name);
    const size = parseFloat(getComputedStyle(text).fontSize) * scale;
    if (size < SMALLEST) found.push("only " + size.toFixed(1) + " px: " + name);
    for (const other of boxes)
      if (box.left < other.right - 1 && other.left < box.right - 1 &&
          box.top < other.bottom - 4 && other.top < box.bottom - 4)
        found.push("overlap: " + name);
    boxes.push(box);
  }
}
for (const box of page.querySelectorAll(".scroll[role=region]")) {
  const hint = box.previousElementSibling;
  if (WIDTH < 640 && box.scrollWidth > box.clientWidth + 1 && !(hint.matches(".hint") && hint.offsetHeight))
    found.push("a table scrolls without a hint");
}
if (page.documentElement.scrollWidth > WIDTH + 1) found.push("the page is wider than the screen");
const result = document.createElement("pre");
result.id = "result";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"not installed: {' or '.join(BROWSERS)} (Debian: apt install chromium)"
        (pytest.fail if os.environ.get("ENSEMBLE_HWR_REQUIRE_WINDOW") == "1" else pytest.skip)(reason)
    return found


def problems(browser, page, width, folder, measure=MEASURE):
    """Return what is wrong with the labels of a page on a screen of some width."""
    script = measure.replace("SMALLEST", str(SMALLEST)).replace("WIDTH", str(width))
    frame = f'<iframe width="{width}" height="900" style="border: 0" srcdoc="{html.escape(page)}"></iframe>'
    (folder / "wrapper.html").write_text(
        f"<!doctype html><meta charset=utf-8><body>{frame}<script>addEventListener('load', () => {{{script}}})</script>"
    )
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += [
        "--window-size=1600,1000",
        "--virtual-time-budget=5000",
        "--dump-dom",
        (folder / "wrapper.html").as_uri(),
    ]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(html.unescape(re.search('<pre id="result">(.*?)</pre>', dumped)[1]))


@pytest.mark.parametrize("width", WIDTHS)
def test_labels_are_whole_apart_and_large_enough(browser, comparison, width, tmp_path):
    assert problems(browser, render_report(summarise(comparison), comparison), width, tmp_path) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_forty_classes_are_legible(browser, build, width, tmp_path):
    found = build({"committee": 0.1, "flat": 0.2}, n=800, classes=np.array([f"{k:02d}" for k in range(40)]))
    assert problems(browser, render_report(summarise(found), found), width, tmp_path) == []


@pytest.mark.parametrize(
    ("errors", "settings"),
    [
        ({"flat": 0.2}, {}),
        ({"flat": 0.2, "hierarchical": 0.1}, {"classes": np.array(["no", "yes"])}),
        ({"flat": -1.0, "hierarchical": -1.0}, {}),
        (
            {"a contender with quite a long name": 0.2, "hierarchical": 0.1, "flat": 0.15},
            {"classes": np.array(["ampersand", "exclamation mark", "question mark", "quotation mark"])},
        ),
        ({"flat": 0.9, "hierarchical": 0.1}, {"n": 4000}),
    ],
    ids=["one contender", "two classes", "no errors", "long names", "large counts"],
)
def test_extreme_comparisons_are_legible(browser, build, errors, settings, tmp_path):
    found = build(errors, **settings)
    page = render_report(summarise(found), found)
    assert {width: problems(browser, page, width, tmp_path) for width in WIDTHS} == {390: [], 1400: []}


LIVE = """
const page = document.querySelector("iframe").contentDocument;
const live = [...page.querySelectorAll("script, img:not([src^='data:']), iframe, object, [onerror], [onload], b[id]")];
const found = live.map((element) => element.outerHTML);
for (const shown of [document.title, page.title]) if (shown.startsWith("ran")) found.push(shown);
for (const text of TEXTS) if (!page.documentElement.textContent.includes(text)) found.push("not shown: " + text);
const result = document.createElement("pre");
result.id = "result";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""
SCRIPT = "</title></script><script>parent.document.title = 'ran'</script>"
IMAGE = """<img src=x onerror="parent.document.title = 'ran'"><b id=live>"""


def test_labels_and_names_of_others_are_shown_as_text(browser, build, tmp_path):
    found = build({IMAGE: 0.2, SCRIPT: 0.1, "flat": 0.3}, classes=np.array(sorted((SCRIPT, IMAGE, "A&amp;"))))
    page = render_report(summarise(found), found)
    measure = LIVE.replace("TEXTS", json.dumps([SCRIPT, IMAGE, "A&amp;"]).replace("</", "<\\/"))
    assert problems(browser, page, 1400, tmp_path, measure) == []
    unsafe = page.replace("<body>", f"<body>{IMAGE}", 1)
    assert len(problems(browser, unsafe, 1400, tmp_path, measure)) >= 2


def test_the_measurement_finds_cut_and_small_labels(browser, tmp_path):
    page = (
        '<svg viewBox="0 0 100 100" width="100" role="img"><title>t</title><text x="90" y="50">outside</text>'
        '<text x="5" y="60" font-size="5">small</text></svg>'
    )
    found = problems(browser, page, 1400, tmp_path)
    assert [line.partition(":")[0] for line in found] == ["cut", "only 5.0 px"]


SPACE = {
    "hidden_layer_sizes.n": IntDistribution(1, 3),
    "hidden_layer_sizes.1": IntDistribution(10, 1000, log=True),
    "alpha": FloatDistribution(1e-7, 10.0, log=True),
    "batch_size": IntDistribution(20, 200, step=10),
    "view": CategoricalDistribution(["coarse", "fine"]),
}
LARGE_SPACE = {
    **SPACE,
    **{f"augmentation.stroke_width_{i}": FloatDistribution(-1e-5, 1e-5) for i in range(4)},
    "view": CategoricalDistribution([f"a view with quite a long name, number {i}" for i in range(7)]),
    "groups": CategoricalDistribution(
        [json.dumps([chr(65 + i) * 9, "ABCDEFGHIJKLM" * k]) for i, k in enumerate((1, 9))]
    ),
    "a_parameter_whose_name_is_longer_than_a_slice_is_wide": CategoricalDistribution(list(range(30))),
    "learning_rate_init": FloatDistribution(0.00099, 0.00101),
}


def drawn(space, rng):
    """Random parameters of a space."""
    params = {}
    for name, distribution in space.items():
        if isinstance(distribution, CategoricalDistribution):
            params[name] = distribution.choices[rng.integers(len(distribution.choices))]
        else:
            low, high = distribution.low, distribution.high
            value = float(np.exp(rng.uniform(*np.log([low, high])))) if distribution.log else rng.uniform(low, high)
            whole = isinstance(distribution, IntDistribution)
            params[name] = int(low + (value - low) // distribution.step * distribution.step) if whole else value
    return params


def tuned_member(space, n, losses, name="router"):
    """The study of a member with `n` trials: most completed, every third pruned, the last one failed."""
    rng = np.random.default_rng(0)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name=f"made up/{name}")
    for i in range(n):
        state = TrialState.PRUNED if i % 3 == 2 else TrialState.COMPLETE
        state = TrialState.FAIL if i and i == n - 1 else state
        loss = float(losses(i, rng))
        params = drawn(space, rng)
        if i % 2 and len(params) > 2:
            params.pop("alpha")
        trial = create_trial(
            state=state,
            params=params,
            distributions={key: space[key] for key in params},
            value=loss if state is TrialState.COMPLETE else None,
            intermediate_values={step: loss * (1 + 5 / (1 + step)) for step in range(90 if i % 3 < 2 else 12)},
            user_attrs={"epochs": 90, **({"error": "ValueError: too large"} if state is TrialState.FAIL else {})},
        )
        study.add_trial(trial)
    study.set_user_attr("baseline", study.trials[0].params)
    best = study.best_trial
    return MemberResult(name, study, best.params, best.value, study.trials[0].value, f"{n} trials done", 1821)


def tuning_page(*members, scoring="neg_log_loss", differences=(0.1, 0.12, 0.09)):
    """The report of members that were tuned."""
    config = load_demo(["tune={ timeout_minutes = 2.5, router = { alpha = [0.1, 0.2] } }"])
    n = len(differences)
    improvement = Improvement(scoring, list(differences), [0.0] * n, [0.9] * n, [0.95] * n, 0.5)
    data = {"scoring": scoring, "folds": 3, "training letters": 1821}
    result = TuningResult(config, config, list(members), improvement, data, "journal.log", seconds=70.0)
    return tuning_report.render_report(result, "ensemble-hwr tune demo_tune.toml --output demo-tuning")


def usual(i, rng):
    return 0.08 + 0.2 * rng.random()


@pytest.mark.parametrize(
    "page",
    [
        lambda: tuning_page(tuned_member(SPACE, 21, usual), tuned_member({"min_mass": SPACE["alpha"]}, 9, usual)),
        lambda: tuning_page(tuned_member(LARGE_SPACE, 40, lambda i, rng: 10.0 ** rng.uniform(-6, 3))),
        lambda: tuning_page(tuned_member(SPACE, 1, usual), differences=(-1e-7,)),
        lambda: tuning_page(tuned_member(SPACE, 12, lambda i, rng: -0.5), scoring="balanced_accuracy"),
        lambda: tuning_page(
            tuned_member(SPACE, 9, lambda i, rng: -12345.678 - i, name="specialist:ABCDEFGHIJKLM-NOPQRSTUVWXYZ"),
            scoring="average_precision",
        ),
        lambda: tuning_page(tuned_member(SPACE, 500, lambda i, rng: 1e6 if i == 5 else usual(i, rng))),
    ],
    ids=["usual", "large space", "one trial", "equal losses", "large scores", "many trials"],
)
def test_tuning_reports_are_legible(browser, page, tmp_path):
    written = page()
    assert {width: problems(browser, written, width, tmp_path) for width in WIDTHS} == {390: [], 1400: []}
    assert len(written) < 1_500_000
