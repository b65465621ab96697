"""Tells how a node does from what is in its directory and which processes live."""

from __future__ import annotations

from typing import Any

from occopus.builtin.local.directory import NodeDirectory
from occopus.builtin.local.processes import Identity, alive, identify, same_boot
from occopus.builtin.local.record import Record
from occopus.builtin.local.supervisor import KILLED
from occopus.model.instance import Address, AddressKind, NodeState
from occopus.plugins.resource import ResourceStatus


def status_of(node: NodeDirectory, boot: str) -> ResourceStatus | None:
    """How a node does in the boot that goes on now; None where there is none."""
    record = node.record()
    if record is None:
        return ResourceStatus(NodeState.PENDING, detail="begun", unfinished=True) if node.exists() else None
    if not same_boot(record.boot, boot):
        return None
    addresses = (Address(record.address, AddressKind.PRIVATE),) if record.address else ()
    if record.dropping:
        return ResourceStatus(NodeState.SHUTDOWN, addresses, "being removed", unfinished=True)
    state = node.state()
    return _not_started(node, record, addresses) if state is None else _started(node, record, state, addresses)


def _started(node: NodeDirectory, record: Record, state: dict[str, Any], addresses: tuple[Address, ...]) -> ResourceStatus:
    if state["phase"] == "exited":
        return ResourceStatus(NodeState.SHUTDOWN, addresses, _last_words(state), unfinished=True)
    if not alive(supervisor_of(node, record, state)):
        return ResourceStatus(NodeState.FAILED, addresses, _cause_of_death(state))
    if state["phase"] == "finished" and state["exit_codes"] and state["exit_codes"][-1] > KILLED:
        # What a node is for usually runs in its last command; where that was killed, the node is as good as gone.
        return ResourceStatus(NodeState.FAILED, addresses, f"its last command was killed (signal {state['exit_codes'][-1] - KILLED})")
    return ResourceStatus(NodeState.READY, addresses, _progress(state))


def supervisor_of(node: NodeDirectory, record: Record, state: dict[str, Any] | None) -> Identity | None:
    """The process that runs a node. Of two that a crash made start, it is the one that could claim the node and noted so itself."""
    if state is None:
        return record.supervisor
    if state["birth"]:
        return Identity(state["pid"], state["birth"])
    if record.supervisor and record.supervisor.pid == state["pid"]:
        return record.supervisor
    return identify(state["pid"], node.node_id)


def _not_started(node: NodeDirectory, record: Record, addresses: tuple[Address, ...]) -> ResourceStatus:
    if record.supervisor is None:
        return ResourceStatus(NodeState.PENDING, addresses, "begun", unfinished=True)
    if alive(record.supervisor):
        return ResourceStatus(NodeState.PENDING, addresses, "starting")
    if node.state() is not None:  # it began to note things down between two of our looks
        return ResourceStatus(NodeState.PENDING, addresses, "starting")
    reason = node.output_tail()
    return ResourceStatus(
        NodeState.FAILED, addresses, f"the supervisor did not start: {reason}" if reason else "the supervisor did not start"
    )


def _progress(state: dict[str, Any]) -> str:
    total, codes = state["total"], state["exit_codes"]
    if not total:
        return "on, with nothing to run"
    if state["phase"] == "running":
        return f"running command {len(codes) + 1} of {total}"
    failed = sum(code != 0 for code in codes)
    return f"runcmd finished, {failed} of {total} commands failed"


def _last_words(state: dict[str, Any]) -> str:
    code, lines = state["exit_codes"][-1], state["last_lines"]
    return f"exit code {code}: {lines}" if lines else f"exit code {code}"


def _cause_of_death(state: dict[str, Any]) -> str:
    if state["phase"] == "stopped":
        return "the node's supervisor was asked to stop by somebody else"
    return f"the node's supervisor was killed ({_progress(state)})"
