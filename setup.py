"""Install the models of the top-level folder ``models`` within the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithModels(build_py):
    """Copy ``models`` to ``ensemble_hwr/models``, unless the install is editable."""

    def run(self) -> None:
        """Build the packages, then add the models."""
        super().run()
        if not self.editable_mode:
            built = Path(self.build_lib, "ensemble_hwr", "models")
            shutil.rmtree(built, ignore_errors=True)  # files of an earlier build
            shutil.copytree("models", built)


setup(cmdclass={"build_py": BuildWithModels})
