"""The interface against its own OpenAPI document: generated requests get documented answers."""

import os
import subprocess
import sys

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_generated_requests_get_documented_answers(profile_server, tmp_path):
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{profile_server.url}openapi.json", "--checks", CHECKS]
    options = ["--max-examples", "6", "--phases", "fuzzing", "--workers", "1", "--seed", "1"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, *options, "--generation-database", "none", "--no-color"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
