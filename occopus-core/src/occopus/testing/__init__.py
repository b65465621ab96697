"""For the authors of plugins and stores: fixtures, fakes, and suites that check whether a backend keeps its contract."""

import pytest

pytest.register_assert_rewrite("occopus.testing.store_suite", "occopus.testing.resource_suite")
