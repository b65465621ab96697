"""Fails where tests were skipped for a reason that is not known: what nobody runs, nobody knows to work."""

import sys
from pathlib import Path
from xml.etree import ElementTree

KNOWN = {
    "needs the fixture 'count_calls'",  # the local backend has no calls to count
    "needs the fixture 'is_confined'",  # who sends to one host only has no other to be kept from
    "needs the fixture 'lose_reply'",  # local: no network; of Azure's classes, the one with most requests has it
    "needs the fixture 'page_size'",  # so it is; and some APIs have no pages
    "needs the fixture 'secrets'",  # local and simulated backends have no credentials
    "needs the fixtures 'secrets' and 'provoke'",
    "needs a cause of",  # not every backend has every kind of error
    "needs '{{ variables.word }}'",  # the contextualiser `basic` has no place for a template
    "needs the fixture 'silent'",  # a ping has no port that could stay silent
    "the settings hold no secret",
    "tells no costs",
    "needs schemathesis",  # which does not go together with the lowest versions of the rest
    "NO REAL OPENSTACK",  # where something real can't be started here; how often that is so is said apart
    "NO REAL DOCKER ENGINE",
    "NO REAL CHEF SERVER",
    "NO REAL PROMETHEUS",
    "NO PUPPET AGENT",
    "NO CLOUD-INIT",
    "NO ROOT OF ITS OWN",
    "NO YAML LANGUAGE SERVER",  # it comes from npm, which is too large to be installed for this
    "NO ZSH",
    "NO FISH",
}
"""Beginnings of reasons for which a test may be skipped on the machine of the gate."""

reports = sorted(Path(sys.argv[1]).glob("*.xml"))
skipped = [
    (report.stem, case.get("name"), skip.get("message") or "")
    for report in reports
    for case in ElementTree.parse(report).iter("testcase")
    for skip in case.iter("skipped")
]
in_openstack = sum(len(list(ElementTree.parse(report).iter("testcase"))) for report in reports if report.stem.startswith("openstack"))
in_openstack -= sum(report.startswith("openstack") for report, *_ in skipped)
unknown = [row for row in skipped if not row[2].startswith(tuple(KNOWN))]
print(f"{len(reports)} test reports, {len(skipped)} tests skipped, {len(unknown)} of them for an unknown reason")
print(f"{in_openstack} tests ran in a real OpenStack")
for reason in sorted(KNOWN):
    missed = sum(row[2].startswith(reason) for row in skipped)
    if missed:
        print(f"{missed} tests skipped: {reason}")
for report, name, reason in skipped:
    print(f"  {report}: {name}: {reason}")
sys.exit(1 if unknown or not reports else 0)
