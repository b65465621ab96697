"""What this package offers: the notifier `fcm`."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import CredentialsSpec, NotifierSpec, Problem, hookimpl, http_url, text

CONTRACT = 1


def has_one_receiver(section: Section) -> Iterator[Problem]:
    """That messages go either to one device or to a topic."""
    if ("token" in section) == ("topic" in section):
        yield Problem((), "one of 'token' and 'topic' says who gets the messages, and only one", "a topic reaches all who subscribed to it")


SERVICE_ACCOUNT = {
    "type": ["string", "dict"],
    "required": True,
    "empty": False,
    "meta": {
        "secret": True,
        "description": "The JSON key of a service account that may send: its text, or the same as a mapping.",
    },
}


@hookimpl
def occopus_notifiers() -> Iterator[NotifierSpec]:
    yield NotifierSpec(
        type="fcm",
        notifier="occopus_fcm.notifier:Fcm",
        summary="Each event as a message of Firebase Cloud Messaging",
        schema={
            "project": text("The id of the Firebase project; that of the service account if left out.", regex=r"[a-z][a-z0-9.:-]{1,62}"),
            "token": text("The registration token of the device that gets the messages."),
            "topic": text("The topic whose subscribers get the messages.", regex=r"[a-zA-Z0-9_.~%-]{1,900}"),
        },
        credentials=CredentialsSpec(
            {
                "service_account": SERVICE_ACCOUNT,
                "endpoint": text("The URL of another server with the API of FCM, such as a proxy."),
            },
            checks=(http_url("endpoint", "https://fcm.googleapis.com"),),
        ),
        endpoint=("project", "topic"),
        checks=(has_one_receiver,),
    )
