"""Menu entries and file types: written into a home with an awkward name, read back as the systems read them."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath

import pytest
from thaw_start import shortcut_linux, shortcut_macos, shortcut_windows
from thaw_start.command import Outcome
from thaw_start.failure import SetupFailure
from thaw_start.layout import Layout

ROOT = Path(__file__).resolve().parents[2]


def run_nothing(command: Sequence[str]) -> Outcome:
    return Outcome(0, "")


@pytest.fixture
def drawn(layout: Layout) -> Layout:
    """Give the awkward checkout its icons."""
    shutil.copytree(ROOT / "resources" / "icons", layout.icons)
    return layout


@pytest.fixture
def places(tmp_path: Path) -> shortcut_linux.Places:
    """Make a home with a desktop whose name is in another language and in user-dirs.dirs only."""
    home = tmp_path / 'the user\'s "home" \\ folder'
    desktop = home / "Bureau d'été"
    desktop.mkdir(parents=True)
    config = home / ".config"
    config.mkdir()
    (config / "user-dirs.dirs").write_text('# made by hand\nXDG_DESKTOP_DIR="$HOME/Bureau d\'été"\n', encoding="utf-8")
    found = shortcut_linux.find_places({"HOME": str(home)})
    assert found == shortcut_linux.Places(home / ".local" / "share", desktop)
    return found


def read_exec(text: str) -> list[str]:
    """Take an Exec line apart the way the specification says: first the file's escapes, then the quotes."""
    value = next(line.removeprefix("Exec=") for line in text.splitlines() if line.startswith("Exec="))
    unescaped = value.replace("\\\\", "\\")
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', unescaped)
    return [re.sub(r"\\(.)", r"\1", quoted).replace("%%", "%") if quoted else bare for quoted, bare in words]


def test_the_menu_entry_starts_this_checkout_whatever_its_name(drawn: Layout) -> None:
    words = read_exec(shortcut_linux.format_desktop_entry(drawn))
    assert words == [str(drawn.python), "-P", "-m", "desktop_app", "%f"]


def test_an_equals_sign_in_the_path_is_survived(drawn: Layout) -> None:
    odd = replace(drawn, checkout=drawn.checkout / "a=b")
    words = read_exec(shortcut_linux.format_desktop_entry(odd))
    assert words[0] == "/bin/sh"
    echo = ["/bin/sh", "-c", words[2].replace("exec", "printf '%s\\n'"), *words[3:]]
    shown = subprocess.run(echo, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown == [str(odd.python), "-P", "-m", "desktop_app", "%f"]


def test_a_line_break_in_the_path_is_refused(drawn: Layout) -> None:
    with pytest.raises(SetupFailure, match="control character"):
        shortcut_linux.format_desktop_entry(replace(drawn, checkout=drawn.checkout / "a\nb"))


def test_everything_is_written_and_taken_away_again(drawn: Layout, places: shortcut_linux.Places) -> None:
    said: list[str] = []
    written = shortcut_linux.install(drawn, places, run_nothing, said.append)
    assert places.desktop_entry in written
    assert all(path.is_file() for path in written)
    assert len(written) == 7
    assert places.desktop_entry
    assert os.access(places.desktop_entry, os.X_OK)
    assert sorted(shortcut_linux.remove(places, run_nothing)) == sorted(written)
    assert not any(path.exists() for path in written)
    assert shortcut_linux.remove(places, run_nothing) == []


def test_a_home_without_a_desktop_gets_the_menu_entry_alone(drawn: Layout, tmp_path: Path) -> None:
    bare = shortcut_linux.find_places({"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")})
    assert bare == shortcut_linux.Places(tmp_path / "data", None)
    written = shortcut_linux.install(drawn, bare, run_nothing, lambda text: None)
    assert len(written) == 6


def test_the_file_type_is_declared(places: shortcut_linux.Places) -> None:
    tree = ElementTree.fromstring(shortcut_linux.MIME_XML)
    name = "{http://www.freedesktop.org/standards/shared-mime-info}"
    (kind,) = tree.findall(f"{name}mime-type")
    assert kind.attrib == {"type": "application/x-thaw-project"}
    assert [glob.attrib["pattern"] for glob in kind.findall(f"{name}glob")] == ["*.thaw"]


@pytest.mark.skipif(
    shutil.which("desktop-file-validate") is None, reason="desktop-file-validate (desktop-file-utils) is not installed"
)
@pytest.mark.parametrize("part", ["plain", "with space", 'quote"d $HOME `x` 100% \\', "a=b"])
def test_the_menu_entry_is_valid(drawn: Layout, tmp_path: Path, part: str) -> None:
    path = tmp_path / "thaw.desktop"
    entry = shortcut_linux.format_desktop_entry(replace(drawn, checkout=drawn.checkout / part))
    path.write_text(entry, encoding="utf-8")
    answer = subprocess.run(["desktop-file-validate", str(path)], capture_output=True, text=True)
    assert answer.returncode == 0
    assert answer.stdout == ""


@pytest.mark.skipif(
    shutil.which("update-mime-database") is None, reason="update-mime-database (shared-mime-info) is not installed"
)
def test_the_system_accepts_the_file_type(drawn: Layout, places: shortcut_linux.Places) -> None:
    def really_run(command: Sequence[str]) -> Outcome:
        if command[0] != "update-mime-database":
            return Outcome(0, "")
        done = subprocess.run(command, capture_output=True, text=True)
        return Outcome(done.returncode, done.stdout + done.stderr)

    shortcut_linux.install(drawn, places, really_run, lambda text: None)
    globs = (places.data / "mime" / "globs2").read_text(encoding="utf-8")
    assert "application/x-thaw-project:*.thaw" in globs


def test_what_the_system_lacks_is_named(
    drawn: Layout, places: shortcut_linux.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    said: list[str] = []
    shortcut_linux.install(drawn, places, run_nothing, said.append)
    assert "shared-mime-info and desktop-file-utils" in said[0]


WINDOWS = Layout(PureWindowsPath("C:\\Users\\Zoë O'Neil\\Thaw"), windows=True)  # type: ignore[arg-type]


def test_the_windows_script_quotes_what_it_is_given() -> None:
    script = shortcut_windows.format_shortcut_script(WINDOWS)
    assert "$link.TargetPath = 'C:\\Users\\Zoë O''Neil\\Thaw\\.venv\\Scripts\\pythonw.exe'" in script
    assert "$link.Arguments = '-P -m desktop_app'" in script
    assert "thaw.ico,0'" in script
    assert script.count("$link.Save()") == 2
    assert "Remove-Item" in shortcut_windows.format_removal_script()


def test_the_windows_registry_opens_thaw_files() -> None:
    values = {(value.key, value.name): value.text for value in shortcut_windows.list_registry_values(WINDOWS)}
    command = values["Software\\Classes\\Thaw.Project\\shell\\open\\command", ""]
    assert command == '"C:\\Users\\Zoë O\'Neil\\Thaw\\.venv\\Scripts\\pythonw.exe" -P -m desktop_app "%1"'
    assert values["Software\\Classes\\.thaw", ""] == "Thaw.Project"
    keys = shortcut_windows.list_registry_keys()
    assert {key for key, _ in values} <= set(keys)
    for place, key in enumerate(keys):  # a key is deleted only after those within it
        assert not any(later.startswith(key + "\\") for later in keys[place + 1 :])


def test_the_windows_calls_are_one_powershell_each() -> None:
    calls: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> Outcome:
        calls.append(command)
        return Outcome(0, "C:\\Users\\x\\Desktop\\Thaw.lnk\r\n")

    assert len(shortcut_windows.install(WINDOWS, run)) == 1
    assert len(shortcut_windows.remove(run)) == 1
    assert [call[0] for call in calls] == ["powershell", "powershell"]
    with pytest.raises(SetupFailure):
        shortcut_windows.remove(lambda command: Outcome(1, "no"))


def test_the_mac_bundle_declares_its_documents_and_starts_this_checkout(drawn: Layout, tmp_path: Path) -> None:
    places = shortcut_macos.Places(tmp_path / "my home")
    (bundle,) = shortcut_macos.install(drawn, places, run_nothing)
    content = plistlib.loads((bundle / "Contents" / "Info.plist").read_bytes())
    (exported,) = content["UTExportedTypeDeclarations"]
    assert exported["UTTypeTagSpecification"] == {"public.filename-extension": ["thaw"]}
    assert content["CFBundleDocumentTypes"][0]["LSItemContentTypes"] == [exported["UTTypeIdentifier"]]
    launcher = bundle / "Contents" / "MacOS" / content["CFBundleExecutable"]
    assert os.access(launcher, os.X_OK)
    _, change, become = launcher.read_text(encoding="utf-8").splitlines()
    assert shlex.split(change)[1] == str(drawn.checkout)
    assert shlex.split(become)[1:] == [str(drawn.python), "-P", "-m", "desktop_app", "$@"]
    assert shortcut_macos.remove(places) == [bundle]
    assert shortcut_macos.remove(places) == []


def test_the_icons_are_there_in_every_form() -> None:
    icons = ROOT / "resources" / "icons"
    png = (icons / "thaw.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (256, 256)
    assert (icons / "thaw.ico").read_bytes()[:4] == b"\0\0\x01\0"
    assert ElementTree.parse(icons / "thaw.svg").getroot().tag.endswith("svg")
