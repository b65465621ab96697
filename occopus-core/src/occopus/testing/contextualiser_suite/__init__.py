"""Does a contextualiser keep its contract? Derive a class from `ContextualiserSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyScript(ContextualiserSuite):
        @pytest.fixture
        def spec(self) -> ContextualiserSpec: ...    # as the package declares it

        @pytest.fixture
        def section(self) -> dict[str, Any]: ...     # a contextualisation section as a user would write it, with "{{ variables.word }}"
                                                     # somewhere in what it gives to nodes

The checks render it as Occopus would, with words of their own for `variables.word`. In one that gives nothing to nodes there is no such
place, and the checks of templates are skipped. `ContextualiserFixtures` lists the fixtures that may be given besides, with what each is
for; `unfit_sections` is worth the trouble where what comes out of templates may not fit. `scope(section, word)` makes what a test of one's
own can render.
"""

from occopus.testing.contextualiser_suite.declaration import DeclarationChecks
from occopus.testing.contextualiser_suite.failures import FailureChecks
from occopus.testing.contextualiser_suite.fixtures import ContextualiserFixtures
from occopus.testing.contextualiser_suite.purity import PurityChecks
from occopus.testing.contextualiser_suite.rendering import RenderingChecks
from occopus.testing.contextualiser_suite.tools import scope
from occopus.testing.documentation_checks import DocumentationChecks

__all__ = ["ContextualiserFixtures", "ContextualiserSuite", "scope"]


class ContextualiserSuite(ContextualiserFixtures, DeclarationChecks, DocumentationChecks, RenderingChecks, PurityChecks, FailureChecks):
    """All checks of a contextualiser."""
