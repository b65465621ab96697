"""What this package offers: the type `chef` of the `config_management` section."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.plugins import ConfigManagerSpec, CredentialsSpec, hookimpl, http_url, text

CONTRACT = 1

VERSION = r"@\d+(\.\d+){1,2}"
RUN_LIST_ITEM = rf"role\[[\w-]+\]|recipe\[[\w-]+(::[\w-]+)?({VERSION})?\]|[\w-]+(::[\w-]+)?({VERSION})?"
"""As Chef's documentation has it, "About Run-lists"."""


@hookimpl
def occopus_config_managers() -> Iterator[ConfigManagerSpec]:
    yield ConfigManagerSpec(
        type="chef",
        manager="occopus_chef.manager:ChefManager",
        summary="Recipes that nodes get from a Chef server",
        schema={
            "endpoint": text(
                "The URL of the Chef server, https://chef.example.org:4000 for example, with /organizations/NAME where it has them.",
                required=True,
            ),
            "run_list": {
                "type": "list",
                "required": True,
                "schema": text(
                    "A recipe or a role.",
                    regex=RUN_LIST_ITEM,
                    meta={"description": "A recipe or a role.", "expected": "recipe[COOKBOOK], recipe[COOKBOOK::RECIPE] or role[NAME]"},
                ),
                "meta": {"description": "What chef-client runs on the node, in this order: recipe[COOKBOOK::RECIPE] or role[NAME]."},
            },
            "name": text("A label for logs and for choosing credentials."),
        },
        checks=(http_url("endpoint", "https://chef.example.org:4000"),),
        credentials=CredentialsSpec(
            {
                "client_name": text("The user, or client, of the Chef server that Occopus is.", required=True),
                "client_key": text("Its private key, as PEM.", required=True, meta={"secret": True}),
            }
        ),
    )
