"""For the authors of plugins and stores: fixtures, fakes, and suites that check whether a backend keeps its contract."""

import pytest

pytest.register_assert_rewrite(
    "occopus.testing.store_suite",
    "occopus.testing.resource_suite",
    "occopus.testing.config_manager_suite",
    "occopus.testing.notifier_suite",
    "occopus.testing.contextualiser_suite",
    "occopus.testing.health_check_suite",
    "occopus.testing.secrecy",
    "occopus.testing.section_checks",
    "occopus.testing.documentation_checks",
    "occopus.testing.killed_build_suite",
)
