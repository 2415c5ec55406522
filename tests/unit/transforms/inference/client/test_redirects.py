"""Where a request may be sent on to."""

import pytest

from transforms.errors import FatalError
from transforms.inference.client.redirects import redirected

URL = "http://server:8000/v1/chat/completions"


def test_the_same_host_is_followed() -> None:
    assert redirected(URL, 307, {"location": "/real/v1/chat/completions"}) == "http://server:8000/real/v1/chat/completions"
    assert redirected(URL, 200, {"location": "/elsewhere"}) is None


@pytest.mark.parametrize("location", ["http://[bad/x", "http://server:99999/", "//h:abc/"])
def test_what_is_no_url_stops_with_a_line(location: str) -> None:
    with pytest.raises(FatalError, match=r"no URL|another host"):
        redirected(URL, 302, {"location": location})


def test_another_host_is_named_and_not_asked() -> None:
    with pytest.raises(FatalError, match=r"other\.example"):
        redirected(URL, 307, {"location": "https://other.example/v1"})
