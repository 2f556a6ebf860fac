"""What pyproject.toml cannot say: the models at the top of the checkout are installed beside the code."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithModels(build_py):
    """Copy ``models/NAME/*`` to ``ensemble_hwr/models/NAME/*``; an editable install finds them where they are."""

    def run(self) -> None:
        """Build the packages, then add the models."""
        super().run()
        if not self.editable_mode:
            built = Path(self.build_lib, "ensemble_hwr", "models")
            shutil.rmtree(built, ignore_errors=True)  # what an older build left there
            shutil.copytree("models", built)


setup(cmdclass={"build_py": BuildWithModels})
