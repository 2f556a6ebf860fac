"""Install the models and configs of the top-level folders ``models`` and ``configs`` within the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = {"models": "models", "configs": "shipped_configs"}


class BuildWithFiles(build_py):
    """Copy ``models`` and ``configs`` into ``ensemble_hwr``, unless the install is editable."""

    def run(self) -> None:
        """Build the packages without those of an earlier build, then add the files."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(Path(self.build_lib, "ensemble_hwr"), ignore_errors=True)  # it can hold modules that were renamed
        super().run()
        for folder, name in FOLDERS.items():
            shutil.copytree(folder, Path(self.build_lib, "ensemble_hwr", name))


setup(cmdclass={"build_py": BuildWithFiles})
