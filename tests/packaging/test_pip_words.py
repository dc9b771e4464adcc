"""What pip prints when it fails, and what the person reads instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from thaw_start.failure import explain_os_error
from thaw_start.pip import explain_pip_failure, installed_version

HERE = Path("/somewhere")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "space"),
        ("OSError: [Errno 122] Disk quota exceeded", "space"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(: Failed to establish a new connection: "
            "[Errno -2] Name or service not known)'\nERROR: No matching distribution found for torch==2.13.0",
            "network",
        ),
        ("Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: No matching distribution found for rich>=14.0", "nothing fits"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "permission"),
        ("ERROR: ResolutionImpossible: for help visit", "conflict"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "damaged"),
        ("something\nERROR: metadata-generation-failed", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_failure_is_recognised(text: str, kind: str) -> None:
    failure = explain_pip_failure(text, "Thaw", HERE)
    assert failure.kind == kind
    assert failure.what.startswith(("Thaw", "no space"))
    assert failure.remedy


def test_what_pip_missed_and_what_it_said_last_are_named() -> None:
    assert "'rich>=14.0'" in explain_pip_failure("No matching distribution found for rich>=14.0", "Thaw", HERE).what
    assert "pip said: ERROR: second" in explain_pip_failure("ERROR: first\nERROR: second", "Thaw", HERE).what


def test_an_unknown_refusal_of_the_system_is_passed_on() -> None:
    failure = explain_os_error(OSError(40, "Too many levels of symbolic links", "/x"), HERE)
    assert "Too many levels" in failure.what


def test_the_version_of_a_missing_package_is_none(tmp_path: Path) -> None:
    assert installed_version(tmp_path, "torch") is None
