"""Linux: a .desktop file in the menu and on the desktop, the icon, and the type of .thaw files.

After the freedesktop.org specifications for desktop entries, shared MIME info, icon themes and base directories.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .command import Run
from .failure import SetupFailure
from .layout import Layout

MIME_TYPE = "application/x-thaw-project"
MIME_ICON = MIME_TYPE.replace("/", "-")
DESKTOP_NAME = "thaw.desktop"

MIME_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{MIME_TYPE}">
    <comment>Thaw project</comment>
    <sub-class-of type="text/plain"/>
    <icon name="{MIME_ICON}"/>
    <glob pattern="*.thaw"/>
  </mime-type>
</mime-info>
"""


@dataclass(frozen=True)
class Places:
    """The user's data folder and, where there is one, the desktop folder."""

    data: Path
    desktop: Path | None

    @property
    def menu_entry(self) -> Path:
        """The .desktop file of the menu."""
        return self.data / "applications" / DESKTOP_NAME

    @property
    def desktop_entry(self) -> Path | None:
        """Its twin on the desktop."""
        return self.desktop / DESKTOP_NAME if self.desktop else None

    @property
    def mime_file(self) -> Path:
        """The definition of the .thaw type."""
        return self.data / "mime" / "packages" / "thaw.xml"

    def icon_files(self) -> Iterator[tuple[Path, str]]:
        """Each icon to write with the file of resources/icons that it is a copy of."""
        theme = self.data / "icons" / "hicolor"
        for folder, ending in (("256x256", "png"), ("scalable", "svg")):
            yield theme / folder / "apps" / f"thaw.{ending}", f"thaw.{ending}"
            yield theme / folder / "mimetypes" / f"{MIME_ICON}.{ending}", f"thaw.{ending}"


def find_places(environment: Mapping[str, str]) -> Places:
    """Find the user's folders from the environment and from user-dirs.dirs."""
    home = Path(environment.get("HOME") or Path.home())
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    desktop = read_desktop_folder(config / "user-dirs.dirs", home)
    return Places(data, desktop if desktop.is_dir() and desktop != home else None)


def read_desktop_folder(user_dirs: Path, home: Path) -> Path:
    """Find the desktop folder; a desktop set to the home folder itself means that there is none."""
    if user_dirs.is_file():
        text = user_dirs.read_text(encoding="utf-8", errors="replace")
        found = re.search(r'^\s*XDG_DESKTOP_DIR="((?:[^"\\]|\\.)*)"', text, re.MULTILINE)
        if found:
            unescaped = re.sub(r"\\(.)", r"\1", found.group(1))
            return Path(unescaped.replace("$HOME", str(home), 1))
    return home / "Desktop"


def quote_exec(argument: str) -> str:
    r"""Quote one argument of an Exec line, before the escapes every value of the file gets.

    The characters " ` $ and \ get a backslash within double quotes, and a percent sign, which would begin a field
    code, is doubled.
    """
    escaped = re.sub(r'(["`$\\])', r"\\\1", argument).replace("%", "%%")
    return f'"{escaped}"'


def escape_value(text: str) -> str:
    """Escape a string value of a desktop entry."""
    return text.replace("\\", "\\\\")


def format_desktop_entry(layout: Layout) -> str:
    """Write the .desktop file.

    Raises:
        SetupFailure: the path holds a line break, which no desktop entry can hold.
    """
    program = str(layout.window_python)
    if any(ord(character) < 32 for character in program):
        raise SetupFailure(
            f"the folder {str(layout.checkout)!r} has a control character in its name, which no menu entry can hold.",
            "Rename the folder and start again.",
        )
    words = [quote_exec(word) for word in (program, "-P", "-m", "desktop_app")]
    if "=" in program:  # the specification forbids it in the program's name, but not in the words that follow
        words = ["/bin/sh", "-c", quote_exec('exec "$0" "$@"'), *words]
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.1",
            "Name=Thaw",
            "GenericName=Language model trainer",
            "Comment=Fine-tune language models on your own machine",
            f"Exec={escape_value(' '.join(words))} %f",
            f"Path={escape_value(str(layout.checkout))}",
            "Icon=thaw",
            "Terminal=false",
            "StartupNotify=true",
            "StartupWMClass=thaw",
            "Categories=Science;ArtificialIntelligence;",
            "Keywords=training;fine-tuning;text;classification;",
            f"MimeType={MIME_TYPE};",
            "",
        ]
    )


def install(layout: Layout, places: Places, run: Run, say: Callable[[str], None]) -> list[Path]:
    """Write everything and refresh the caches that menus and file managers read. Returns the files written."""
    entry = format_desktop_entry(layout)
    written = [places.menu_entry, places.mime_file]
    write(places.menu_entry, entry)
    write(places.mime_file, MIME_XML)
    for target, source in places.icon_files():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(layout.icons / source, target)
        written.append(target)
    if places.desktop_entry:
        write(places.desktop_entry, entry)
        places.desktop_entry.chmod(0o755)
        written.append(places.desktop_entry)
        if shutil.which("gio"):
            run(["gio", "set", str(places.desktop_entry), "metadata::trusted", "true"])
    missing = refresh_caches(places, run)
    if missing:
        say(f"Without the system's {' and '.join(missing)} a double-click on .thaw files may not work.")
    elif shutil.which("xdg-mime"):
        run(["xdg-mime", "default", DESKTOP_NAME, MIME_TYPE])
    return written


def remove(places: Places, run: Run) -> list[Path]:
    """Take everything away again. Returns the files removed."""
    candidates = [places.menu_entry, places.mime_file, *(target for target, _ in places.icon_files())]
    candidates += [places.desktop_entry] if places.desktop_entry else []
    removed = [path for path in candidates if path.exists()]
    for path in removed:
        path.unlink()
    if removed:
        refresh_caches(places, run)
    return removed


def refresh_caches(places: Places, run: Run) -> list[str]:
    """Have the system read the new files. Returns the packages whose tools are not installed."""
    tools = {
        "shared-mime-info": ["update-mime-database", str(places.data / "mime")],
        "desktop-file-utils": ["update-desktop-database", str(places.data / "applications")],
    }
    missing = [package for package, command in tools.items() if shutil.which(command[0]) is None]
    for package, command in tools.items():
        if package not in missing:
            run(command)
    if shutil.which("gtk-update-icon-cache"):
        run(["gtk-update-icon-cache", "--ignore-theme-index", "--quiet", str(places.data / "icons" / "hicolor")])
    return missing


def write(path: Path, text: str) -> None:
    """Write one file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
