from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError


def test_defaults_need_no_server(tmp_path: Path) -> None:
    settings = Settings.from_environ({"SUPERCITY_DATA_DIR": str(tmp_path)})
    assert settings.gateway_url == settings.public_url == "http://127.0.0.1:8000"
    assert settings.store_url == f"sqlite+aiosqlite:///{tmp_path}/store"
    assert settings.log_url == f"sqlite:///{tmp_path}/log"
    assert settings.limits_url == "local://"


def test_what_is_given_is_taken_and_empty_is_not_given() -> None:
    settings = Settings.from_environ(
        {
            "SUPERCITY_PUBLIC_URL": "https://city.example/",
            "SUPERCITY_GATEWAY_URL": "http://gateway:8000",
            "SUPERCITY_WORKERS": "4",
            "SUPERCITY_PORT": "",
            "SUPERCITY_BOOTSTRAP": "b.json",
            "OTHER": "x",
        }
    )
    assert settings.public_url == "https://city.example"
    assert settings.gateway_url == "http://gateway:8000"
    assert (settings.workers, settings.port) == (4, 0)
    assert settings.bootstrap == Path("b.json")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("SUPERCITY_WORKERS", "many", "whole number from 0 to 1024"),
        ("SUPERCITY_PORT", "-1", "whole number"),
        ("SUPERCITY_TRACE_RATIO", "1.5", "from 0 to 1"),
        ("SUPERCITY_TRACE_RATIO", "nan", "from 0 to 1"),
        ("SUPERCITY_OTLP_URL", "collector:4318", "should be like"),
        ("SUPERCITY_METRICS_URLS", "http://gateway:9000", "gateway=http://"),
        ("SUPERCITY_METRICS_URLS", "gateway=http://g:9000/metrics", "without a path"),
        ("SUPERCITY_ADMIN_PORT", "70000", "from 0 to 65535"),
        ("SUPERCITY_PUBLIC_URL", "city.example", "like https://city.example"),
        ("SUPERCITY_CONTROL_URL", "http://control/path", "without a path"),
        ("SUPERCITY_GATEWAY_KEY", "short", "openssl rand"),
        ("SUPERCITY_PAIRWISE_KEY", "short", "openssl rand"),
        ("SUPERCITY_SAMPLE", "yes", "true or false"),
        ("SUPERCITY_SOURCES", "mobility.gtfs", "mobility.gtfs=https://"),
        ("SUPERCITY_SOURCES", "gtfs=/feeds", "mobility.gtfs=https://"),
        ("SUPERCITY_DELIVER_TO", "10.1.2.3/16", "such as 10.1.0.0/16"),
        ("SUPERCITY_DELIVER_TO", "10.1.0.0/16, any", "such as 10.1.0.0/16"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(name: str, value: str, advice: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({name: value})
    assert name in str(raised.value)
    assert advice in str(raised.value)


def test_all_that_is_wrong_or_missing_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({"SUPERCITY_PORT": "x", "SUPERCITY_WORKERS": "y"})
    assert len(str(raised.value).splitlines()) == 2
    with pytest.raises(SettingsError) as missing:
        Settings.from_environ({}).require("gateway_key", "data_dir", "client_id")
    assert "SUPERCITY_GATEWAY_KEY is not set" in str(missing.value)
    assert "SUPERCITY_CLIENT_ID is not set" in str(missing.value)
    assert "DATA_DIR" not in str(missing.value)


def test_files_for_tls_are_taken_as_they_are_named() -> None:
    settings = Settings.from_environ(
        {"SUPERCITY_TLS_CERT": "/tls/tls.crt", "SUPERCITY_TLS_KEY": "/tls/tls.key"}
    )
    assert (settings.tls_cert, settings.tls_key) == ("/tls/tls.crt", "/tls/tls.key")
    assert settings.tls_client_ca == ""
