"""For each check of the suite a yard that breaks just that rule, and words with which the check says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import bad_creators as creators
import bad_finders as finders
import bad_lookers as lookers
import bad_removers as removers
import bad_talkers as talkers
from yard import SPEC, YardHandler

from occopus.model.node import Section
from occopus.plugins import CredentialsSpec, Problem, text


@dataclass(frozen=True)
class Bad:
    """`given` are fixtures of the check, `spec` changes of the spec."""

    check: str
    words: str
    kind: type[YardHandler] = YardHandler
    spec: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    def handler(self) -> type[YardHandler]:
        """Of a class of its own, so that what one keeps for itself is not kept for the next."""
        return type(self.kind.__name__, (self.kind,), {})

    def __str__(self) -> str:
        return f"{self.check}-{self.kind.__name__ if self.kind is not YardHandler else '-'.join([*self.spec, *self.given])}"


def choosy(section: Section) -> Iterator[Problem]:
    yield Problem(("size",), "not this one")


def fragile(section: Section) -> Iterator[Problem]:
    if section.get("labels", [{"label": ""}])[0]["label"] == "bad":
        yield Problem(("labels",), "not that")


def sloppy(section: Section) -> Iterator[Any]:
    yield "not that"


SCHEMA = SPEC.schema
UNKNOWN_KEYS = {**SCHEMA, "no_such_key_at_all": {"type": "integer"}}

SECTIONS = [
    Bad("names_itself", "must say in a few words", spec={"summary": ""}),
    Bad("names_itself", "must be lower case", spec={"type": "Yard"}),
    Bad("schema_is_understood", "one that Cerberus understands", spec={"schema": {"endpoint": {"type": "text"}}}),
    Bad("every_key_is_documented", "meta.description", spec={"schema": {"endpoint": {"type": "string"}}}),
    Bad("checks_can_be_documented", "a named function", spec={"checks": (lambda section: (),)}),
    Bad("checks_bear_odd_values", "must bear whatever", spec={"checks": (fragile,)}),
    Bad("checks_bear_odd_values", "must yield Problems", spec={"checks": (sloppy,)}),
    Bad("section_is_accepted", "not this one", spec={"checks": (choosy,)}),
    Bad("unknown_key_is_refused", "most likely misspelt", spec={"schema": UNKNOWN_KEYS}),
    Bad("missing_key_is_refused", "must have it", given={"section": {"type": "yard"}}),
    Bad("invalid_sections_are_refused", "must be refused: more than", spec={"checks": ()}),
    Bad("endpoint_is_made_of_keys", "unknown: ..nowhere", spec={"endpoint": ("nowhere",)}),
    Bad("credentials_are_documented", "meta.description", spec={"credentials": CredentialsSpec({"password": {"type": "string"}})}),
    Bad("credentials_are_documented", "Cerberus", spec={"credentials": CredentialsSpec({"password": {"sort": "string"}})}),
    Bad("credentials_are_marked", "must be marked", spec={"credentials": CredentialsSpec({"password": text("The word.")})}),
    Bad("readme_names_the_type", "offers the type", given={"readme": "It is for my backyard-cloud."}),
    Bad("readme_names_the_type", "must have a README", given={"readme": ""}),
    Bad("readme_names_every_key", "nothing of ..endpoint., .label., .password.", given={"readme": "yard: `size`, `labels`"}),
]

DECLARATION = [
    Bad("handler_can_be_loaded", "must be a ResourceHandler", spec={"handler": "yard:Yard"}),
    Bad("plugin_loads_without_its_handler", "must not import these", spec={"handler": "occopus.plugins.loading:x"}),
    Bad("plugin_loads_without_its_handler", "must not import these", given={"heavy_modules": ("pluggy",)}),
    Bad("limit_of_user_data_makes_sense", "above 0", spec={"user_data_limit": 0}),
    Bad("appearing_takes_a_number_of_seconds", "0 or more", spec={"appears_within": -1.0}),
    Bad("contexts_are_known", "unknown: ..cloudunit", spec={"contexts": frozenset({"cloudunit"})}),
]

CREATION = [
    Bad("create_returns_a_handle_for_its_node", "must be for the node", creators.Anonymous),
    Bad("ids_are_plain_text", "must be text", creators.Numbering),
    Bad("create_does_not_wait", "submit and return", creators.Slow),
    Bad("create_checkpoints_what_it_returns", "must checkpoint", creators.Silent),
    Bad("checkpoints_never_forget", "must repeat every id", creators.Forgetful),
    Bad("checkpointed_handle_suffices_to_describe", "by its checkpointed handle", lookers.Remembering),
    Bad("checkpoints_are_for_the_node", "must be for the node", creators.Anonymous),
    Bad("request_stays_as_it_is", "leave the section as it is", creators.Scribbling),
    Bad("handler_needs_no_more_than_its_endpoint", "keys of 'endpoint' only", creators.Needy),
    Bad("create_again_by_the_same_handler", "must have one machine", creators.Doubling),
    Bad("create_again_without_the_earlier_handle", "must have one machine", creators.TrustingHandles),
    Bad("create_again_with_the_earlier_handle", "must have one machine", creators.Doubling),
    Bad("create_again_with_the_earlier_handle", "other ids came back", creators.Renaming),
    Bad("create_again_when_ready", "must have one machine", creators.Doubling),
    Bad("create_again_when_ready", "must leave it ready", creators.Restarting),
    Bad("two_threads_make_one_node", "must have one machine", creators.Racing),
    Bad("one_handler_makes_many_nodes_at_once", "its own node", creators.Shared),
    Bad("node_becomes_ready_with_an_address", "must have an address", lookers.Homeless),
    Bad("node_becomes_ready_with_an_address", "must become ready", lookers.Never),
]

CRASHES = [
    Bad("create_after_a_crash_makes_one", "make nothing twice", creators.TrustingHandles),
    Bad("create_after_a_crash_makes_one", "at least once", creators.Silent),
    Bad("create_after_a_crash_makes_one", "must reach the caller", creators.Immortal),
    Bad("create_after_a_crash_makes_one", "create called again must succeed", creators.Strict),
    Bad("node_becomes_ready_after_a_crash", "must become ready", creators.Resigned),
    Bad("drop_after_a_crash_leaves_nothing", "must become absent", removers.TrustingHandles),
    Bad("each_create_may_be_cut_off", "cut off again and again", creators.Doubling),
    Bad("lost_reply_is_transient", "exception of an SDK", talkers.Raw),
    Bad("lost_reply_is_transient", "must be transient", talkers.Vague),
    Bad("lost_reply_is_transient", "must lose the reply", given={"lose_reply": lambda number: nullcontext(lambda: False)}),
    Bad("create_after_a_lost_reply_makes_one", "must find what was made", creators.TrustingHandles),
    Bad("create_after_a_lost_reply_makes_one", "must complete what was begun", creators.Strict),
    Bad("drop_after_a_lost_reply_of_create", "must become absent", removers.TrustingHandles),
    Bad("drop_after_a_lost_reply", "called again must succeed", removers.Strict),
    Bad("lost_reply_makes_no_node_absent", "is taken for gone", lookers.Hopeful),
    Bad("lost_reply_hides_nothing_from_find", "proves nothing", finders.Hopeful),
]

LOOKING = [
    Bad("describe_takes_many", "every node it is asked for", lookers.FirstOnly),
    Bad("describe_speaks_of_nothing_else", "nobody asked for", lookers.Chatty),
    Bad("describe_of_nothing_is_empty", "nothing told", lookers.Chatty),
    Bad("describe_of_nothing_is_empty", "must not call", lookers.Eager),
    Bad("describe_does_not_call_once_a_node", "a batch", lookers.OneByOne),
    Bad("describe_does_not_call_once_a_node", "must count", given={"count_calls": lambda: 0}),
    Bad("unknown_node_is_absent", "not an error", lookers.Strict),
    Bad("unknown_node_is_absent", "must be absent", lookers.Inventive),
    Bad("describe_finds_what_has_no_ids", "by marks or names", lookers.TrustingHandles),
    Bad("statuses_are_of_the_contract", "one of the six", lookers.Wordy),
    Bad("statuses_agree_between_handlers", "from the backend, not from the handler", lookers.Moody),
    Bad("describe_needs_no_node_name", "never by their names", lookers.ByName),
    Bad("describe_does_not_wait", "must look and return", lookers.Slow),
    Bad("threads_look_at_nodes", "its own question", lookers.Shared),
    Bad("costs_speak_of_nothing_else", "of no other", lookers.ChattyBill),
    Bad("costs_are_numbers", "must be a number", lookers.WrittenBill),
    Bad("costs_are_numbers", "0 or more", lookers.Generous),
    Bad("costs_of_an_unknown_node_are_absent", "not an error", lookers.StrictBill),
    Bad("describe_reads_all_pages", "must read all pages", lookers.FirstPage),
    Bad("describe_without_ids_reads_all_pages", "on all pages", lookers.FirstPage),
]

REMOVAL = [
    Bad("drop_removes_a_ready_node", "must become absent", removers.Keeping),
    Bad("drop_removes_a_ready_node", "leave nothing", removers.Hiding),
    Bad("drop_removes_a_node_that_has_just_been_submitted", "at any stage", removers.Hiding),
    Bad("drop_returns_soon", "submit and return", removers.Slow),
    Bad("drop_of_what_is_gone", "already gone", removers.Strict),
    Bad("drop_called_twice_in_a_row", "go on with what", removers.Strict),
    Bad("two_threads_drop_one_node", "must both succeed", removers.Racing),
    Bad("drop_by_the_checkpointed_handle", "must become absent", removers.Remembering),
    Bad("drop_by_each_checkpoint", "must become absent", removers.TrustingHandles),
    Bad("drop_without_ids", "must become absent", removers.TrustingHandles),
    Bad("drop_of_a_node_that_was_never_created", "never made", removers.Strict),
    Bad("drop_leaves_other_nodes_alone", "nothing of another node", removers.Sweeping),
]

FINDING = [
    Bad("find_lists_every_node_once", "once", finders.ThingByThing),
    Bad("find_lists_no_other_infrastructure", "keep infrastructures apart", finders.Careless),
    Bad("find_in_an_unknown_infrastructure", "is no error", finders.Strict),
    Bad("found_handle_carries_the_marks", "all three marks", finders.Nameless),
    Bad("found_handle_suffices_to_describe", "what find has found", finders.Idless),
    Bad("found_handle_suffices_to_drop", "must become absent", finders.IdlessDropper),
    Bad("dropped_node_is_not_found", "proves that nothing leaks", finders.Nostalgic),
    Bad("find_reads_all_pages", "must read all pages", finders.FirstPage),
]

FAILURES = [
    Bad("errors_have_their_kind", "decides what the engine does", talkers.Vague),
    Bad("errors_have_their_kind", "left the plugin", talkers.Raw),
    Bad("errors_say_what_happened", "must say what happened", talkers.Mute),
    Bad("errors_say_what_happened", "hold a traceback", talkers.Tracing),
    Bad("errors_say_in_seconds_when_to_come_again", "number of seconds", talkers.Textual),
    Bad("transient_errors_are_told", "tries again", talkers.Vague),
    Bad("throttling_is_told", "becomes slower", talkers.Vague),
    Bad("lack_of_capacity_is_told", "goes elsewhere", talkers.Vague),
    Bad("used_up_quota_is_told", "helps nobody", talkers.Vague),
    Bad("refused_credentials_are_told", "lock an account", talkers.Vague),
    Bad("invalid_requests_are_told", "description must change", talkers.Vague),
    Bad("drop_after_a_refused_create", "create left that was refused", removers.HidingWhatIsHalfMade),
]

SECRECY = [
    Bad("errors_tell_no_secret", "must not tell a secret", talkers.Indiscreet),
    Bad("errors_tell_no_secret", "not that of an error", talkers.LoggingErrors),
    Bad("handles_tell_no_secret", "handles are stored", talkers.Storing),
    Bad("statuses_tell_no_secret", "shown to everybody", talkers.Detailed),
    Bad("logs_tell_no_secret", "however talkative", talkers.Logging),
]

BAD = [*SECTIONS, *DECLARATION, *CREATION, *CRASHES, *LOOKING, *REMOVAL, *FINDING, *FAILURES, *SECRECY]
