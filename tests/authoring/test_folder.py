"""A folder of talkers: read, read again on change, and a faulty file changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from host import tasks
from host.folder import forget_seen, read_folder
from host.models import Talker, TalkerFile
from messaging.keys import create_domain
from scripts.models import ItemSet

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = "💬 Day pass:\n- INFO: Welcome\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    forget_seen()
    create_domain("gym.test", "Gym")
    (tmp_path / "gym.test").mkdir()
    return tmp_path


def write(folder: Path, text: str, name: str = "gym.test/day.yaml", at: int = 0) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(at * 10**9, at * 10**9))


def test_talker_is_read_and_read_again_only_when_its_file_changes(folder: Path) -> None:
    write(folder, GOOD, at=1)
    write(folder, "Case:\n    Answers: []\n", "gym.test/day.test.yaml")
    assert read_folder(folder) == {"read": 1, "faulty": 0}
    talker = Talker.objects.get(domain="gym.test", key="day")
    assert (talker.title, talker.script) == ("Day pass", "Day pass")
    assert read_folder(folder) == {"read": 0, "faulty": 0}
    write(folder, GOOD.replace("Welcome", "Hello"), at=2)
    assert read_folder(folder) == {"read": 1, "faulty": 0}
    assert "Hello" in Talker.objects.get(key="day").source


def test_faulty_file_is_told_and_the_last_good_version_stays(folder: Path) -> None:
    write(folder, GOOD, at=1)
    read_folder(folder)
    before = Talker.objects.get(key="day")
    write(folder, "💬 Day pass:\n- INFOO: Welcome\n- TEXT Name? >> 5\n", at=2)
    assert read_folder(folder) == {"read": 1, "faulty": 1}
    after = Talker.objects.get(key="day")
    assert (after.version, after.source) == (before.version, before.source)
    faults = TalkerFile.objects.get().faults.splitlines()
    assert faults == [
        "day.yaml:2:3: unknown command INFOO (did you mean INFO?)",
        "day.yaml:3:3: TEXT: 5 cannot take a result (write >> $name)",
    ]
    assert read_folder(folder) == {"read": 0, "faulty": 0}
    write(folder, GOOD, at=3)
    read_folder(folder)
    assert TalkerFile.objects.get().faults == ""


def test_file_for_a_domain_that_is_not_hosted_waits_until_it_is(folder: Path) -> None:
    write(folder, GOOD, "club.test/day.yaml", at=1)
    assert read_folder(folder) == {"read": 1, "faulty": 1}
    assert "club.test is not hosted here" in TalkerFile.objects.get().faults
    create_domain("club.test", "Club")
    assert read_folder(folder) == {"read": 1, "faulty": 0}
    assert Talker.objects.get(domain="club.test").key == "day"


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("gym.test/x.yaml", b"\xff\xfe", "not UTF-8 text (byte 0)"),
        ("talkers/x.yaml", b"- INFO: Hi", "the folder talkers is not named after a domain"),
        ("gym.test/x.yaml", b"#" * 500_001, "the file is larger than 500000 bytes"),
    ],
)
def test_odd_file_is_told(folder: Path, name: str, raw: bytes, told: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(raw)
    assert read_folder(folder) == {"read": 1, "faulty": 1}
    assert TalkerFile.objects.get().faults == told
    assert not Talker.objects.exists()


def test_file_that_is_gone_leaves_its_talker(folder: Path) -> None:
    write(folder, GOOD)
    read_folder(folder)
    (folder / "gym.test/day.yaml").unlink()
    read_folder(folder)
    assert not TalkerFile.objects.exists()
    assert Talker.objects.filter(key="day").exists()


def test_sweep_reads_the_folder_of_the_settings(folder: Path, settings: Any) -> None:
    tasks.sweep()
    assert not Talker.objects.exists()
    settings.TALKERS_FOLDER = str(folder)
    write(folder, GOOD)
    tasks.sweep()
    assert Talker.objects.get().key == "day"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("bob"))
    return client


def test_talker_of_a_file_is_not_edited_in_the_admin(folder: Path, operator: Client) -> None:
    write(folder, GOOD)
    read_folder(folder)
    page = operator.get(f"/ops/host/talker/{Talker.objects.get().pk}/change/").content.decode()
    assert "gym.test/day.yaml" in page
    assert 'name="source"' not in page
    assert ".HOST,gym.test,day" in page


def test_faults_of_a_file_are_shown_in_the_admin(folder: Path, operator: Client) -> None:
    write(folder, "💬 X:\n- INFOO: Hi\n")
    read_folder(folder)
    page = operator.get(f"/ops/host/talkerfile/{TalkerFile.objects.get().pk}/change/")
    assert "day.yaml:2:3: unknown command INFOO" in page.content.decode()
    assert operator.get("/ops/host/talkerfile/").status_code == 200


def test_form_shows_faults_at_their_lines_and_warnings_after_saving(
    folder: Path, operator: Client
) -> None:
    form = {"domain": "gym.test", "key": "week", "title": "Week"}
    bad = operator.post("/ops/host/talker/add/", {**form, "source": "💬 X:\r\n- INFOO: <b>"})
    page = bad.content.decode()
    assert (
        '<li class="faulty"><code>- INFOO: &lt;b&gt;</code>'
        "<p>unknown command INFOO (did you mean INFO?)</p></li>"
    ) in page
    good = {**form, "source": "💬 X:\n- TEXT Name? >> $name\n- INFO: Hello $name"}
    page = operator.post("/ops/host/talker/add/", good, follow=True).content.decode()
    assert "Saved, but look at week.yaml:3:" in page
    assert Talker.objects.get(key="week").source == good["source"]


def test_dataset_of_a_domains_folder_is_kept_and_its_faults_are_told(folder: Path) -> None:
    path = folder / "gym.test" / "datasets" / "seats.yaml"
    path.parent.mkdir()
    text = "Prefix: Theatre\nTable: Seats\nItem: Seat\nKey: Row\n"
    path.write_text(text + "Handlers:\n    SOLD >> OnSold:\n---\nOnSold:\n- LOG sold\n")
    read_folder(folder)
    kept = ItemSet.objects.get()
    assert (kept.domain, kept.name, bool(kept.version)) == ("gym.test", "Theatre.Seats", True)
    path.write_text(text.replace("Key", "Kee"))
    assert read_folder(folder)["faulty"] == 1
    assert ItemSet.objects.get().source == kept.source
    faults = TalkerFile.objects.get(key="datasets/seats").faults
    assert "gym.test/datasets/seats.yaml:4:1: a dataset has no Kee" in faults
