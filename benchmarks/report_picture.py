"""Draw the picture of a report in the user guide: its first sections, as a browser shows them.

    ensemble-hwr demo --output demo
    python -m benchmarks.report_picture demo/report.html                          writes docs/images/report.png
    ensemble-hwr tune configs/demo_tune.toml --output demo-tuning
    python -m benchmarks.report_picture demo-tuning/tuning.html --height 3000     writes docs/images/tuning.png

Needs the browser Chromium.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import click
from PIL import Image

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1100, 4060  # pixels


@click.command(help=__doc__)
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--height", default=HEIGHT, show_default=True, help="Pixels of the report that are shown.")
def main(report: Path, height: int) -> None:
    """Write the picture, which has the name of the report."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise click.ClickException("not installed: chromium or google-chrome (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{height}", f"--screenshot={shot}"]
        subprocess.run([*command, report.resolve().as_uri()], check=True, capture_output=True)
        with Image.open(shot) as image:
            image.convert("RGB").save((IMAGES / report.name).with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
