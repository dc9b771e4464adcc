"""Which PyTorch is chosen, in which order it is looked for, and that it then stays."""

from __future__ import annotations

import http.server
import threading
import time
from pathlib import Path

import pytest
from thaw_start.command import Outcome
from thaw_start.failure import SetupFailure
from thaw_start.layout import Layout
from thaw_start.machine import Machine, NvidiaCard, has_display, parse_nvidia_answer, read_driver_version
from thaw_start.pip import Pip
from thaw_start.torch_build import (
    Build,
    TorchRecord,
    choose_build,
    index_answers,
    install_torch,
    list_attempts,
    load_record,
    satisfies,
    save_record,
)

LINUX = Machine("Linux", "x86_64")
GPU = Machine("Linux", "x86_64", nvidia=True)
WINDOWS_GPU = Machine("Windows", "amd64", nvidia=True)
MAC = Machine("Darwin", "arm64")


@pytest.mark.parametrize(
    ("machine", "asked", "card", "label"),
    [
        (LINUX, "auto", None, "cpu"),
        (MAC, "auto", None, ""),
        (MAC, "cpu", None, ""),
        (MAC, "mps", None, ""),
        (LINUX, "plain", None, ""),
        (LINUX, "cuda", None, "cu130"),
        (GPU, "cpu", NvidiaCard(580, 8.0), "cpu"),
        (GPU, "auto", NvidiaCard(580, 8.9), "cu130"),
        (GPU, "auto", NvidiaCard(595, None), "cu130"),
        (GPU, "auto", NvidiaCard(595, 6.1), "cu126"),
        (GPU, "auto", NvidiaCard(550, 8.0), "cu126"),
        (GPU, "cuda", NvidiaCard(550, 8.0), "cu126"),
        (GPU, "auto", NvidiaCard(525, 7.5), "cu126"),
        (WINDOWS_GPU, "auto", NvidiaCard(527, 7.5), "cpu"),
        (GPU, "auto", NvidiaCard(470, 8.0), "cpu"),
        (GPU, "auto", NvidiaCard(575, 12.0), "cpu"),
        (GPU, "auto", NvidiaCard(580, 12.0), "cu130"),
        (GPU, "auto", NvidiaCard(580, 3.7), "cpu"),
        (GPU, "auto", NvidiaCard(), "cpu"),
    ],
)
def test_the_build_follows_the_rules(machine: Machine, asked: str, card: NvidiaCard | None, label: str) -> None:
    build = choose_build(machine, asked, card)
    assert build.label == label
    assert bool(build.note) == (asked == "auto" and machine.nvidia and label == "cpu")


def test_anything_else_is_handed_to_pip_as_it_was_typed() -> None:
    build = choose_build(LINUX, "torch==2.12.1 --index-url https://example.org/whl")
    (attempt,) = list_attempts(build, LINUX)
    assert attempt.arguments == ("torch==2.12.1", "--index-url", "https://example.org/whl")
    spaced = choose_build(LINUX, "'/my wheels/torch.whl'")
    assert list_attempts(spaced, LINUX)[0].arguments == ("/my wheels/torch.whl",)


class PretendPip:
    """A pip whose calls succeed when they contain a word."""

    def __init__(self, works: str, text: str = "No matching distribution found for torch==2.13.0") -> None:
        self.calls: list[list[str]] = []
        self.works = works
        self.text = text

    def __call__(self, command: list[str]) -> Outcome:
        self.calls.append(command)
        return Outcome(0, "") if self.works and any(self.works in word for word in command) else Outcome(1, self.text)

    def install(self, build: Build, machine: Machine, *, reachable: bool, folder: Path) -> None:
        pip = Pip(Path("python"), folder, self, lambda text: None)
        install_torch(pip, build, machine, replace=False, answers=lambda address: reachable)


CPU = Build("cpu", "cpu")
CUDA = Build("cuda", "cu130")


def test_a_wheel_lying_in_a_local_folder_is_taken_at_once(tmp_path: Path) -> None:
    pip = PretendPip("--no-index")
    pip.install(CPU, LINUX, reachable=True, folder=tmp_path)
    assert len(pip.calls) == 1
    assert "--no-deps" in pip.calls[0]


def test_then_comes_the_index_of_the_build(tmp_path: Path) -> None:
    pip = PretendPip("https://download.pytorch.org/whl/cpu")
    pip.install(CPU, LINUX, reachable=True, folder=tmp_path)
    assert len(pip.calls) == 2


def test_an_index_that_does_not_answer_is_skipped_for_the_plain_version(tmp_path: Path) -> None:
    pip = PretendPip("torch==2.13.0")
    pip.works = ""
    with pytest.raises(SetupFailure, match=r"no PyTorch 2\.13\.0 was found"):
        pip.install(CPU, LINUX, reachable=False, folder=tmp_path)
    assert ["--no-index" in call for call in pip.calls] == [True, False]
    assert not any("--index-url" in call for call in pip.calls)


def test_cuda_prefers_the_plain_linux_wheel_to_a_cpu_wheel_lying_near(tmp_path: Path) -> None:
    pip = PretendPip("nothing works")
    with pytest.raises(SetupFailure):
        pip.install(CUDA, GPU, reachable=True, folder=tmp_path)
    wanted = [next(word for word in call if word.startswith("torch=")) for call in pip.calls]
    assert wanted == ["torch==2.13.0+cu130", "torch===2.13.0", "torch==2.13.0"]


def test_a_full_disk_ends_the_search_at_once(tmp_path: Path) -> None:
    pip = PretendPip("", "ERROR: Could not install packages: [Errno 28] No space left on device")
    with pytest.raises(SetupFailure, match="no space is left"):
        pip.install(CPU, LINUX, reachable=True, folder=tmp_path)
    assert len(pip.calls) == 1


def test_without_a_network_the_failure_says_so(tmp_path: Path) -> None:
    pip = PretendPip("", "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution")
    with pytest.raises(SetupFailure, match="the network"):
        pip.install(CPU, LINUX, reachable=False, folder=tmp_path)


def test_every_build_has_a_last_resort_without_an_index() -> None:
    for machine in (LINUX, GPU, MAC, WINDOWS_GPU):
        for build in (CPU, CUDA, Build("plain")):
            assert list_attempts(build, machine)[-1].arguments == ("torch==2.13.0",)


def test_the_installed_torch_is_kept_where_it_is_what_was_wished() -> None:
    assert satisfies("2.13.0+cpu", CPU, "auto", None)
    assert not satisfies("2.13.0+cpu", CUDA, "auto", None)
    assert not satisfies(None, CPU, "auto", None)
    assert not satisfies("2.13.0", CPU, "auto", None)
    settled = TorchRecord("auto", "cpu", "2.13.0", nvidia=False)
    assert satisfies("2.13.0", CPU, "auto", settled)
    assert not satisfies("2.13.0", CUDA, "auto", settled)
    assert not satisfies("2.12.0", CPU, "auto", settled)


def test_the_record_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "torch.json"
    assert load_record(path) is None
    path.write_text("half a re", encoding="utf-8")
    assert load_record(path) is None
    record = TorchRecord("cuda", "cu130", "2.13.0+cu130", nvidia=True)
    save_record(path, record)
    assert load_record(path) == record


def test_an_index_is_asked_but_never_waited_for(tmp_path: Path) -> None:
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(0.0 if self.path == "/fast" else 1.0)
            self.send_response(404 if self.path == "/gone" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert index_answers(f"{address}/fast")
        began = time.monotonic()
        assert not index_answers(f"{address}/slow", seconds=0.2)
        assert time.monotonic() - began < 0.9
        assert not index_answers(f"{address}/gone", seconds=3.0)
        server.shutdown()
        serving.join()
    assert not index_answers(f"{address}/fast", seconds=1.0)


def test_the_driver_is_read_from_what_it_says(tmp_path: Path) -> None:
    assert parse_nvidia_answer("580.65.06, 8.9\n580.65.06, 7.5\n") == NvidiaCard(580, 7.5)
    assert parse_nvidia_answer("[N/A], [N/A]\n") == NvidiaCard()
    file = tmp_path / "version"
    assert read_driver_version(file) is None
    file.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12\nGCC version: gcc 12.2.0\n")
    assert read_driver_version(file) == 535


def test_where_a_window_can_be_opened() -> None:
    assert not has_display("Linux", {})
    assert not has_display("Linux", {"DISPLAY": ""})
    assert has_display("Linux", {"DISPLAY": ":0"})
    assert has_display("Linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert has_display("Windows", {})
    assert has_display("Darwin", {})
    assert not has_display("Darwin", {"SSH_CONNECTION": "10.0.0.1 22"})


def test_no_other_index_is_written_anywhere(layout: Layout) -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in Path(install_torch.__code__.co_filename).parent.glob("*.py")
    )
    hosts = {part.split("/")[0] for part in text.split("https://")[1:]}
    assert hosts == {"download.pytorch.org"}
