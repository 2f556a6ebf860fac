"""Install the models and configs of the top-level folders ``models`` and ``configs`` within the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = {"models": "models", "configs": "shipped_configs"}


class BuildWithFiles(build_py):
    """Copy ``models`` and ``configs`` into ``ensemble_hwr``, unless the install is editable."""

    def run(self) -> None:
        """Build the packages, then add the files."""
        super().run()
        if self.editable_mode:
            return
        for folder, name in FOLDERS.items():
            built = Path(self.build_lib, "ensemble_hwr", name)
            shutil.rmtree(built, ignore_errors=True)  # files of an earlier build
            shutil.copytree(folder, built)


setup(cmdclass={"build_py": BuildWithFiles})
