"""The check of URLs that backends share."""

from __future__ import annotations

import pytest

from occopus.plugins import http_url

CHECK = http_url("endpoint", "https://cloud.example.org")


@pytest.mark.parametrize(
    "url", ["https://cloud.example.org", "http://127.0.0.1:5000/v3/", "https://[::1]:8443", "HTTPS://CLOUD.EXAMPLE.ORG"]
)
def test_what_may_be_given(url: str) -> None:
    assert list(CHECK({"endpoint": url})) == []


def test_what_is_not_given_is_not_checked() -> None:
    assert list(CHECK({})) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("cloud.example.org", "must be a URL that begins with http:// or https://"),
        ("ftp://cloud.example.org", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://cloud:port", "must be a URL"),
        ("https://cloud:0", "must be a URL"),
        ("https://[::1", "must be a URL"),
        ("https://me:word@cloud", "holds a user name or password"),
        ("https://cloud/?region=a", "must end with its path"),
        ("https://cloud/#a", "must end with its path"),
    ],
)
def test_what_may_not(url: str, words: str) -> None:
    (problem,) = CHECK({"endpoint": url})
    assert problem.path == ("endpoint",)
    assert words in problem.message
    assert "word" not in problem.message.replace("password", "")
