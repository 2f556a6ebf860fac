"""``ensemble-hwr adapt`` and ``ensemble-hwr sheet``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ensemble_hwr._writing import printable
from ensemble_hwr.cli._errors import echo, end_of_reading, report_error
from ensemble_hwr.cli._options import check_output_file, model_option, output_option
from ensemble_hwr.exceptions import DataError, ModelError

letters_option = click.option(
    "--letters", metavar="TEXT", help="Characters of the sheet, such as ABC123; by default the classes of the model."
)


@click.command()
@click.argument("model")
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@output_option(metavar="MODEL", help="File for the adapted model.")
@click.option("--new-classes", is_flag=True, help="Allow labels that MODEL does not know, such as a sign of your own.")
@letters_option
def adapt(*, model: str, data: tuple[Path, ...], output: Path, new_classes: bool, letters: str | None) -> int:
    """Adapt MODEL to a writer by 1 to 20 samples of each letter.

    MODEL is the name of a shipped model or a model file; a model that is adapted already keeps its samples. DATA is a
    folder with one subfolder per letter, a folder with an index.csv, a .csv or .npz file, or a photograph, scan or PDF
    of a filled sheet, see: ensemble-hwr sheet.

    The adapted model is used like any other: ensemble-hwr read -m mine.model page.jpg. MODEL itself is not changed. The
    estimated gain is printed with its 95 % interval, and written into the manifest of the file.

    Pictures that cannot be read are left out and reported on standard error; the exit code is then 1.
    """
    from ensemble_hwr.adaptation import adapt as adapt_model
    from ensemble_hwr.adaptation import adaptation_metadata, adapted_classifier
    from ensemble_hwr.adaptation.letters import collect_letters, readable_letters
    from ensemble_hwr.persistence import load_model, read_manifest, save_model

    check_output_file(output, list(data))
    base = load_model(model)
    labels = _characters(letters, [str(label) for label in base.classes_], model)
    found = readable_letters(base, collect_letters(data, labels))
    adapted = adapt_model(base, found.pictures, found.labels, **({"new_classes": True} if new_classes else {}))
    metadata = read_manifest(model)["metadata"]
    earlier = metadata.get("adaptation")
    name = earlier.get("base", model) if isinstance(earlier, dict) else model
    record = adaptation_metadata(adapted, str(name))
    save_model(adapted, output, metadata={**metadata, "adaptation": record})
    _print_result(record, adapted_classifier(adapted), output)
    for reason in found.failures:
        report_error(reason)
    return end_of_reading(len(found.failures), 0, len(found) + len(found.failures))


@click.command()
@output_option(metavar="FILE", help="File for the sheet: .pdf, or .png for a single page.")
@model_option
@letters_option
@click.option("--copies", type=click.IntRange(1, 15), default=3, show_default=True, help="Cells for each character.")
def sheet(*, output: Path, model: str, letters: str | None, copies: int) -> None:
    """Write a sheet of cells to print, fill and photograph.

    Print it, write each letter into its cells, and photograph the whole page or scan it. Then adapt a model with it:
    ensemble-hwr adapt az photo.jpg -o mine.model
    """
    from ensemble_hwr.adaptation.sheets import make_sheet
    from ensemble_hwr.persistence import describe_model

    check_output_file(output, [])
    labels = _characters(letters, [str(label) for label in describe_model(model).classes], model)
    file = make_sheet(output, labels, copies=copies)
    echo(f"{file}: {len(labels)} characters, {copies} cells for each")


@click.command()
@click.option("--export", "exported", metavar="NAME", help="Write the letters of a profile to --output.")
@click.option("--delete", "deleted", metavar="NAME", help="Delete a profile.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, readable=False), metavar="FILE", help="An .npz file for --export."
)
def profiles(*, exported: str | None, deleted: str | None, output: Path | None) -> None:
    """List, export or delete profiles of writers.

    A profile holds the letters that were corrected in ensemble-hwr draw --profile NAME, or on the page of ensemble-hwr
    serve --profile NAME. It stays in the user's data folder. An exported profile is adapted to by:
    ensemble-hwr adapt az profile.npz -o mine.model
    """
    from ensemble_hwr.adaptation.profiles import Profile, available_profiles

    if (exported is None) != (output is None):
        raise click.UsageError("--export NAME and --output FILE are given together")
    names = available_profiles()
    for name in filter(None, (exported, deleted)):
        if name not in names:
            raise DataError(f"there is no profile {name!r}; the profiles are: {', '.join(names) or 'none'}")
    if exported is not None and output is not None:
        echo(f"{Profile(exported).export(output)}: the letters of {printable(exported)}")
    if deleted is not None:
        Profile(deleted).delete()
        echo(f"deleted the profile {printable(deleted)}")
    if exported is None and deleted is None:
        for name in names:
            echo(f"{printable(name)}\t{len(Profile(name).letters()[1])} letters")


def _characters(letters: str | None, classes: list[str], model: str) -> list[str]:
    """Return the characters of a sheet: those of ``--letters``, or the classes of the model."""
    if letters is None:
        if any(len(label) != 1 for label in classes):
            raise ModelError(
                f"{model}: its classes are no characters ({', '.join(classes[:3])}); give a model of letters"
            )
        return classes
    repeated = next((character for character in letters if letters.count(character) > 1), None)
    if repeated is not None:
        raise click.BadParameter(f"{letters!r} has {repeated!r} more than once; give each character once")
    if not letters or any(character.isspace() for character in letters):
        raise click.BadParameter(f"{letters!r} has no characters, or spaces among them; give some, such as ABC123")
    return list(letters)


def _print_result(record: dict[str, Any], classifier: Any, output: Path) -> None:
    """Print samples, weight, gain and file."""
    counts = record["samples_per_class"]
    shown = ", ".join(f"{printable(label)} {count}" for label, count in counts.items())
    echo(f"adapted {record['base']} by {sum(counts.values())} letters: {shown}")
    echo(f"weight of the writer's expert: {record['weight']:.1f}")
    echo(f"estimated gain: {record['summary']}")
    if len(classifier.confused_):
        names = ", ".join(printable(str(label)) for label in classifier.confused_)
        echo(f"samples of these letters would help most: {names}")
    echo(f"model: {output} ({output.stat().st_size / 1e6:.1f} MB)")
