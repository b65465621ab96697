"""A hundred machines on EC2, made, waited for and removed: by Occopus, and by a plain loop over the SDK. EC2 is moto's server, which keeps
one processor busy; both are told to make as many calls at once."""

import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fresh
from table import Row, number

from occopus.manager import InfrastructureManager
from occopus.plugins.loading import load_plugins
from occopus.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "occopus-ec2" / "tests" / "servers"))

MACHINES = 100
THREADS = 16
TIMES = 3
"""How often each is measured, in turns; the medians are shown."""

REGION, IMAGE, TYPE = "eu-west-1", "ami-0123456789abcdef0", "t3.micro"

INFRA = f"infra_name: bench\nuser_id: bench\nnodes:\n- {{name: worker, type: plain, scaling: {{min: {MACHINES}}}}}\n"
DEFINITIONS = f"""\
'node_def:plain':
  - resource: {{{{type: ec2, endpoint: '{{url}}', regionname: {REGION}, image_id: {IMAGE}, instance_type: {TYPE}}}}}
    health_check: {{{{ping: false}}}}
"""


def rows() -> Iterator[Row]:
    from moto_server import moto_server  # noqa: PLC0415 - from the tests of the package

    names = ("occopus", "plain_loop")
    took: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    with tempfile.TemporaryDirectory() as folder, moto_server(Path(folder)) as url:
        fresh.run("ec2", "plain_loop", url, environment=environment)  # the server's own first time is nobody's
        for _ in range(TIMES):
            for name in names:
                before = calls(folder)
                measured = fresh.run("ec2", name, url, environment=environment).value
                took[name].append({**measured, "calls": (calls(folder) - before) / MACHINES})
    ours, floor = ({key: statistics.median(each[key] for each in took[name]) for key in ("wall", "cpu", "calls")} for name in names)
    loop = f"a plain loop over the SDK, {THREADS} threads"
    yield Row("EC2: create, ready, drop", f"{MACHINES:,}", ours["wall"], floor["wall"], loop, ratio=1.3)
    yield Row("EC2: processor time", f"{MACHINES:,}", ours["cpu"], floor["cpu"], loop)
    yield Row("EC2: calls per machine", f"{MACHINES:,}", ours["calls"], floor["calls"], loop, number)


def calls(folder: str) -> int:
    """How many calls the server has answered so far, by its log."""
    return (Path(folder) / "moto.log").read_text().count('"POST / ')


def occopus(url: str) -> dict[str, float]:
    """Build and destroy; seconds, and seconds of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        infra, nodes = Path(folder) / "infra.yaml", Path(folder) / "nodes.yaml"
        infra.write_text(INFRA)
        nodes.write_text(DEFINITIONS.format(url=url))
        settings = Settings(Path(folder), f"sqlite://{folder}/store.db", parallelize=True, parallelism=THREADS)
        manager = InfrastructureManager(settings, load_plugins())
        infrastructure = manager.read([infra, nodes]).infrastructure
        assert infrastructure is not None
        wall, cpu = time.perf_counter(), time.process_time()
        instances = manager.build(infrastructure).instances
        assert len(instances) == MACHINES
        manager.destroy(instances[0].infra_id)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def plain_loop(url: str) -> dict[str, float]:
    """The same machines, each by its own calls and nothing else: run, describe until it runs, terminate, describe until it is gone."""
    import boto3  # noqa: PLC0415 - the other measurement loads it when it needs it, too

    wall, cpu = time.perf_counter(), time.process_time()
    client = boto3.session.Session(region_name=REGION).client("ec2", endpoint_url=url)

    def state(machine: str) -> str:
        (reservation,) = client.describe_instances(InstanceIds=[machine])["Reservations"]
        return str(reservation["Instances"][0]["State"]["Name"])

    def one(_: int) -> None:
        tags = [{"Key": "Name", "Value": "bench"}]
        specification = [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")]
        wanted = {"ImageId": IMAGE, "InstanceType": TYPE, "MinCount": 1, "MaxCount": 1, "ClientToken": str(uuid.uuid4())}
        machine = client.run_instances(**wanted, TagSpecifications=specification)["Instances"][0]["InstanceId"]
        while state(machine) != "running":
            pass
        client.terminate_instances(InstanceIds=[machine])
        while state(machine) != "terminated":
            pass

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(MACHINES)))
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
