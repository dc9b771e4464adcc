"""macOS: a small application bundle in the user's Applications folder that starts this checkout.

Untried on a real Mac: the property list and the launcher are made by pure functions, which tests read. Files
opened by a double-click reach the program as an open-file event of Qt (QFileOpenEvent), not as an argument.
"""

from __future__ import annotations

import plistlib
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from .command import Run
from .layout import Layout

PROJECT_TYPE = "org.thaw.project"
ICON_SIZES = (16, 32, 128, 256)


@dataclass(frozen=True)
class Places:
    """Where the bundle goes."""

    home: Path

    @property
    def bundle(self) -> Path:
        """The application."""
        return self.home / "Applications" / "Thaw.app"


def format_info_plist() -> bytes:
    """Write Info.plist: what the application is called and that .thaw files are its documents."""
    return plistlib.dumps(
        {
            "CFBundleName": "Thaw",
            "CFBundleDisplayName": "Thaw",
            "CFBundleIdentifier": "org.thaw.desktop",
            "CFBundleVersion": "1",
            "CFBundleShortVersionString": "1",
            "CFBundlePackageType": "APPL",
            "CFBundleExecutable": "thaw",
            "CFBundleIconFile": "thaw",
            "LSMinimumSystemVersion": "12.0",
            "NSHighResolutionCapable": True,
            "CFBundleDocumentTypes": [
                {
                    "CFBundleTypeName": "Thaw project",
                    "CFBundleTypeRole": "Editor",
                    "CFBundleTypeIconFile": "thaw",
                    "LSHandlerRank": "Owner",
                    "LSItemContentTypes": [PROJECT_TYPE],
                }
            ],
            "UTExportedTypeDeclarations": [
                {
                    "UTTypeIdentifier": PROJECT_TYPE,
                    "UTTypeDescription": "Thaw project",
                    "UTTypeConformsTo": ["public.text"],
                    "UTTypeIconFile": "thaw",
                    "UTTypeTagSpecification": {"public.filename-extension": ["thaw"]},
                }
            ],
        }
    )


def format_launcher(layout: Layout) -> str:
    """Write the program of the bundle: a shell script that becomes the environment's Python."""
    checkout = shlex.quote(str(layout.checkout))
    python = shlex.quote(str(layout.window_python))
    return f'#!/bin/sh\ncd {checkout} || exit 1\nexec {python} -P -m desktop_app "$@"\n'


def install(layout: Layout, places: Places, run: Run) -> list[Path]:
    """Write the bundle; the icon is left out where macOS lacks the tools for it. Returns what was written."""
    contents = places.bundle / "Contents"
    for folder in ("MacOS", "Resources"):
        (contents / folder).mkdir(parents=True, exist_ok=True)
    (contents / "Info.plist").write_bytes(format_info_plist())
    launcher = contents / "MacOS" / "thaw"
    launcher.write_text(format_launcher(layout), encoding="utf-8")
    launcher.chmod(0o755)
    make_icon(layout.icons / "thaw.png", contents / "Resources" / "thaw.icns", run)
    register(places, run)
    return [places.bundle]


def make_icon(png: Path, icns: Path, run: Run) -> None:
    """Make the icon file with the tools that every Mac carries."""
    if not (shutil.which("sips") and shutil.which("iconutil")):
        return
    folder = icns.with_suffix(".iconset")
    folder.mkdir(exist_ok=True)
    for size in ICON_SIZES:
        target = str(folder / f"icon_{size}x{size}.png")
        run(["sips", "-z", str(size), str(size), str(png), "--out", target])
    run(["iconutil", "-c", "icns", str(folder), "-o", str(icns)])
    shutil.rmtree(folder)


def register(places: Places, run: Run) -> None:
    """Have macOS learn the document type now rather than at the next login."""
    services = Path("/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework")
    tool = services / "Support" / "lsregister"
    if tool.exists():
        run([str(tool), "-f", str(places.bundle)])


def remove(places: Places) -> list[Path]:
    """Delete the bundle. Returns what was there."""
    if not places.bundle.exists():
        return []
    shutil.rmtree(places.bundle)
    return [places.bundle]
