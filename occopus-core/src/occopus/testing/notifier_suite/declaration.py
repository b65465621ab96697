"""The spec and the class: do they tell users and the core what they need, without loading anything heavy?"""

from __future__ import annotations

from collections.abc import Sequence

from occopus.model.secret import is_secret_key
from occopus.plugins.notifier import Notifier, NotifierSpec
from occopus.plugins.registry import load_object
from occopus.testing.contract import written_in
from occopus.testing.section_checks import EndpointChecks, assert_not_loaded_with_the_plugins

SPEC = "occopus.plugins.NotifierSpec"

COMMON = {"type", "kinds"}


class DeclarationChecks(EndpointChecks):
    @written_in(SPEC, "`notifier` is `package.module:Class`, a `Notifier`.")
    def test_notifier_can_be_loaded(self, spec: NotifierSpec) -> None:
        notifier = load_object(spec.notifier)
        assert isinstance(notifier, type), f"'{spec.notifier}' must name a class"
        assert issubclass(notifier, Notifier), f"'{spec.notifier}' must be a Notifier"

    @written_in(SPEC, "That module is imported when its first event is sent, not with the plugin.")
    def test_plugin_loads_without_its_notifier(self, spec: NotifierSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.notifier.partition(":")[0], *heavy_modules], "notifier")

    @written_in(SPEC, "`schema` is for the section of a target, which also has `type` and `kinds`.")
    def test_common_keys_are_left_to_the_core(self, spec: NotifierSpec) -> None:
        assert not COMMON & set(spec.schema), f"every target has {' and '.join(sorted(COMMON))}: a notifier must not define them anew"

    @written_in(SPEC, "It holds no secret: those are in the authentication file")
    def test_section_holds_no_secret(self, spec: NotifierSpec) -> None:
        secret = [key for key, rule in spec.schema.items() if rule.get("meta", {}).get("secret")]
        assert not secret, f"targets are kept in the open, so these belong to 'credentials': {secret}"

    @written_in(SPEC, "`endpoint` names the keys that tell people where events go, none of them a secret.")
    def test_endpoint_can_be_shown(self, spec: NotifierSpec) -> None:
        assert spec.endpoint, "'endpoint' must name the keys that tell people where events go"
        secret = [key for key in spec.endpoint if is_secret_key(key)]
        assert not secret, f"messages show what 'endpoint' names, so these do not belong there: {secret}"
