"""A program that was written for Occopus 1.x, with nothing changed but its imports: `occo.api` became `occopus.occo.api`."""

import time

from occopus.occo.api import occoapp
from occopus.occo.api.manager import InfrastructureIDNotFoundException, InfrastructureManager


def setup_args(parser):
    parser.add_argument("infra_def", help="the description of the infrastructure")


occoapp.setup(setup_args)
manager = InfrastructureManager(process_strategy="parallel")

infra_id = manager.submit_infrastructure(occoapp.args.infra_def)
print("submitted", infra_id)
manager.start_provisioning(infra_id)
while manager.get(infra_id).last is None:
    time.sleep(0.2)
manager.stop_provisioning(infra_id, wait_timeout=60)
try:
    manager.get(infra_id)
except InfrastructureIDNotFoundException:
    print("no longer maintained")
manager.tear_down(infra_id)
print("removed")
