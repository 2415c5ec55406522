"""Which proxies are taken, and where a request may be sent on to."""

import pytest

from transforms.errors import FatalError
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.proxies import check_proxy, is_loopback, named_proxy, shown_proxy
from transforms.inference.client.redirects import redirected


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    for host in ("127.0.0.1:80", "localhost", "[::1]:8000", "127.8.9.1", "0.0.0.0:1", "a.localhost"):
        assert is_loopback(f"http://{host}/v1")
        assert named_proxy(f"http://{host}/v1") is None
    assert not is_loopback("http://localhost.example.com/v1")


def test_a_proxy_that_cannot_be_used_is_one_line_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:sentinel@proxy:9")
    with pytest.raises(FatalError, match="ALL_PROXY=socks5://proxy:9") as caught:
        Endpoint("http://api.example.invalid/v1")
    assert "sentinel" not in str(caught.value)
    monkeypatch.setenv("NO_PROXY", "::1,api.example.invalid")
    check_proxy("http://api.example.invalid/v1")


def test_a_usable_proxy_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:sentinel@proxy:9")
    assert shown_proxy("https://h/v1") == "https_proxy=http://proxy:9"
    assert shown_proxy("http://h/v1") == ""


def test_certificates_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with pytest.raises(FatalError, match="SSL_CERT_FILE"):
        Endpoint("https://h/v1")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/real/v1/x", "http://h:8000/real/v1/x"),
        ("http://h:8000/b", "http://h:8000/b"),
        ("b", "http://h:8000/v1/b"),
    ],
)
def test_the_same_host_is_followed(location: str, target: str) -> None:
    assert redirected("http://h:8000/v1/x", 301, {"location": location}) == target


def test_encryption_is_no_other_host() -> None:
    assert redirected("http://h/v1/x", 308, {"location": "https://h/v1/x"}) == "https://h/v1/x"


@pytest.mark.parametrize("location", ["http://other:8000/v1/x", "//other/x", "http://h:9/v1/x", "http://h.evil/x"])
def test_another_host_is_named_and_not_asked(location: str) -> None:
    with pytest.raises(FatalError, match="another host"):
        redirected("http://h:8000/v1/x", 307, {"location": location})


def test_what_is_no_redirect() -> None:
    assert redirected("http://h/v1/x", 304, {"location": "/b"}) is None
    assert redirected("http://h/v1/x", 301, {}) is None
