"""The history of champions on every database that the settings allow."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from assay.adapters.history import ChampionEntry, append_champion, champions
from assay.errors import SourceError
from assay.settings import Settings
from tests.services import postgresql_databases

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=KINDS)
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(home=tmp_path)
        return
    with postgresql_databases("assay_history_test") as server:
        yield Settings(home=tmp_path, database=f"{server}/assay_history_test")


def entry(version, model_name="credit_default"):
    return ChampionEntry(
        model_name=model_name,
        version=version,
        bundle_digest=f"{version:064x}",
        previous_version=None,
        since=datetime(2026, 3, version, 14, tzinfo=timezone(timedelta(hours=2))),
        actor="flow run nightly",
        reasons=("auc: 0.8000 [0.7800, 0.8200], must be at least 0.75",),
    )


def test_entries_come_back_in_order_and_in_utc(settings):
    assert append_champion(settings, entry(1))
    assert append_champion(settings, entry(2))
    first, second = champions(settings, "credit_default")
    assert (first.version, first.previous_version) == (1, None)
    assert (second.version, second.previous_version) == (2, 1)
    assert second.since == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert second.reasons == entry(2).reasons


def test_the_same_champion_twice_is_one_entry(settings):
    assert append_champion(settings, entry(1))
    assert not append_champion(settings, entry(1))
    assert len(champions(settings, "credit_default")) == 1


def test_models_do_not_share_a_history(settings):
    append_champion(settings, entry(1))
    append_champion(settings, entry(1, "taiwan_credit"))
    assert len(champions(settings, "taiwan_credit")) == 1
    assert champions(settings, "unknown") == []


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path):
    url = "postgresql+psycopg://assay:geheim@127.0.0.1:1/assay"
    with pytest.raises(SourceError, match=r"assay:\*\*\*@127\.0\.0\.1:1") as caught:
        champions(Settings(home=tmp_path, database=url), "credit_default")
    assert "geheim" not in str(caught.value)
