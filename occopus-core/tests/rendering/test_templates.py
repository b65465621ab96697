"""Templates: what they can say, what they are told when they are wrong, and what they can never do."""

from __future__ import annotations

import base64
import resource
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occopus.errors import RenderError, UsageError
from occopus.model.secret import SecretReference
from occopus.rendering.templates import Templates


def broken_command(command: str) -> str:
    raise UsageError(f"the command '{command}' fails", "look at it")


NAMES: dict[str, Any] = {
    "variables": {"message": "Hello", "port": 8080, "list": [1, 2], "nested": {"key": "deep"}},
    "cmd": broken_command,
    "fail": lambda: {}["nothing"],
}


def templates(failures: list[RenderError] | None = None) -> Templates:
    return Templates(NAMES, "node 'n'", lambda reference: f"<{reference.name}>", failures)


def render(value: Any) -> Any:
    return templates().render(value, ("resource", "key"))


def fault(value: Any) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(value)
    return caught.value


GOOD = [
    ("plain", "plain"),
    ("{{ variables.message }}!", "Hello!"),
    ("{{ variables['nested'].key }}", "deep"),
    ("{{ variables.port + 1 }}", "8081"),
    ("{% for n in variables.list %}{{ n }};{% endfor %}", "1;2;"),
    ("{% for n in variables.list %}{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}", "1/2 2/2 "),
    ("{% for a in [1, [2, [3]]] recursive %}{% if a is number %}{{ a }}{% else %}{{ loop(a) }}{% endif %}{% endfor %}", "123"),
    ("{% if variables.other is defined %}a{% else %}b{% endif %}", "b"),
    ("{{ variables.other | default('x') }}", "x"),
    ("{{ other | default(variables.port) }}", "8080"),
    ("{% raw %}{{ range service }}{% endraw %}", "{{ range service }}"),
    ("{# a comment #}x", "x"),
    ("{{ 'secret' | b64encode }}", base64.b64encode(b"secret").decode()),
    ("{{ 'Größe' | b64encode }}", base64.b64encode("Größe".encode()).decode()),
    ("{{ variables.port | b64encode }}", base64.b64encode(b"8080").decode()),
    ("{% set x = 'a' ~ 1 ~ 'b' %}{{ x }}", "a1b"),
    ("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('ab') }}", "abab"),
    ("{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}", "[in]"),
    ("{% filter upper %}abc{% endfilter %}", "ABC"),
    ("{% set block %}x{{ 1 }}{% endset %}{{ block }}", "x1"),
    ("{{ variables.list | join(', ') }}", "1, 2"),
    ("{{ '%03d' % 7 }} {{ '{:>5}'.format('x') }} {{ '%s-%s' | format('a', 'b') }}", "007     x a-b"),
    ("{{ 'a,b'.split(',') | map('upper') | list }}", "['A', 'B']"),
    ("{{ 'x'.ljust(3) }}|{{ 'x' | center(5) }}|{{ 'a\nb' | indent(2) }}", "x  |  x  |a\n  b"),
    ("{{ 'a-b'.replace('-', '+') }} {{ 'a-b' | replace('-', '+') }} {{ '-' * 3 }} {{ [0] * 2 }} {{ 2 ** 10 }}", "a+b a+b --- [0, 0] 1024"),
    ("{{ range(3) | list }} {{ 2.5 | round }} {{ {'a': 1} | tojson }}", '[0, 1, 2] 2.0 {"a": 1}'),
    ("line\n", "line\n"),
    ("{{ 1 }}\n\n", "1\n\n"),
]


@pytest.mark.parametrize(("text", "result"), GOOD)
def test_what_templates_can_say(text: str, result: str) -> None:
    assert render(text) == result


def test_everything_in_a_value_is_rendered_and_what_is_no_text_stays_what_it_is() -> None:
    value = {"{{ variables.message }}": ["{{ variables.port }}", 7, None, True, 1.5, {"x": ("{{ 1 }}",)}], 5: SecretReference("env", "PW")}
    assert render(value) == {"Hello": ["8080", 7, None, True, 1.5, {"x": ["1"]}], 5: "<PW>"}


WRONG = [
    ("{{ nothing }}", "line 1, in {{ nothing }}: 'nothing' is not defined"),
    ("{{ variables.mesage }}", "line 1, in {{ variables.mesage }}: there is no 'mesage'"),
    ("{{ variables.other.deep }}", "line 1, in {{ variables.other.deep }}: there is no 'other'"),
    ("a\nb {{ nothing }} {{ 1 }}\n", "line 2, in {{ nothing }} {{ 1 }}: 'nothing' is not defined"),
    ("a\r\nb\r\n{{ nothing }}", "line 3, in {{ nothing }}: 'nothing' is not defined"),
    ("a\u2028\x0c{{ nothing }}", "line 1, in {{ nothing }}: 'nothing' is not defined"),
    ("{% for x in nothing %}{% endfor %}", "line 1, in {% for x in nothing %} {% endfor %}: 'nothing' is not defined"),
    ("{{ nothing | upper }}", "line 1, in {{ nothing | upper }}: 'nothing' is not defined"),
    ("{{ [1, [nothing]] }}", "line 1, in {{ [1, [nothing]] }}: 'nothing' is not defined"),
    ("{{ {'a': nothing} }}", "line 1, in {{ {'a': nothing} }}: 'nothing' is not defined"),
    ("{{ nothing ~ 'x' }}", "line 1, in {{ nothing ~ 'x' }}: 'nothing' is not defined"),
    ("{{ variables.message | uper }}", "line 1, in {{ variables.message | uper }}: No filter named 'uper'."),
    ("x\n{{ 1 + }}", "line 2, in {{ 1 + }}: unexpected 'end of print statement'"),
    ("{{ 1", "line 1: unexpected end of template, expected 'end of print statement'."),
    ("{{ 1\n", "line 1: unexpected end of template, expected 'end of print statement'."),
    ("{% if x %}", "line 1, in {% if x %}: Unexpected end of template."),
    ("{{ 1 / 0 }}", "line 1, in {{ 1 / 0 }}: ZeroDivisionError: division by zero"),
    ("{{ 'a' + 1 }}", "line 1, in {{ 'a' + 1 }}: TypeError: can only concatenate str (not \"int\") to str"),
    ("{{ fail() }}", "line 1, in {{ fail() }}: KeyError: 'nothing'"),
    ("{{ cmd('false') }}", "line 1, in {{ cmd('false') }}: the command 'false' fails"),
    ("{% include 'other' %}", "line 1, in {% include 'other' %}: TypeError: no loader for this environment specified"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_what_is_wrong_is_told_with_template_line_and_expression(text: str, words: str) -> None:
    error = fault({"a": ["x", text]})
    assert error.message.startswith(f"node 'n', resource.key.a.1, {words}")
    assert error.path == ("resource", "key", "a", 1)
    assert f"line {error.line}" in error.message


def test_an_unknown_variable_comes_with_advice_and_an_error_from_outside_with_its_own() -> None:
    assert fault("{{ nothing }}").hint == "define it under 'variables' of the node or the infrastructure, or write | default(...)"
    assert fault("{{ cmd('x') }}").hint == "look at it"


def test_what_a_shell_means_otherwise_comes_with_advice() -> None:
    error = fault("n=${#array[@]}")
    assert error.message == "node 'n', resource.key, line 1: Missing end of comment tag"
    assert error.hint == "'{#' begins a comment; where the text itself should say it, put it between {% raw %} and {% endraw %}"
    assert render("n={% raw %}${#array[@]}{% endraw %}") == "n=${#array[@]}"


def test_all_failures_are_noted_where_all_are_wanted() -> None:
    failures: list[RenderError] = []
    value = {"a": "{{ one }}", "b": "{{ variables.message }}", "c": ["{{ two }}", "{{"]}
    assert templates(failures).render(value, ("x",)) == {"a": "{{ one }}", "b": "Hello", "c": ["{{ two }}", "{{"]}
    assert [error.path for error in failures] == [("x", "a"), ("x", "c", 0), ("x", "c", 1)]


INSIDE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ fail.__globals__ }}",
    "{{ fail.__code__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ ().__class__.__base__.__subclasses__() }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '%s' | format(''.__class__) }}",
    "{{ variables.update({'x': 1}) }}",
    "{{ variables.list.append(1) }}",
    "{{ variables.list.__class__ }}",
    "{% set x = namespace() %}{{ x.__init__ }}",
    "{{ (variables.list | map(attribute='__class__') | list) }}",
    "{{ lipsum }}",
]


@pytest.mark.parametrize("text", INSIDE)
def test_nothing_of_the_program_can_be_reached_or_changed(text: str) -> None:
    error = fault(text)
    assert "unsafe" in error.message or "not defined" in error.message or "has no attribute '__init__'" in error.message
    assert NAMES["variables"]["list"] == [1, 2]


HUGE = 10**9
BOMBS = [
    "{{ 'a' * 10**10 }}",
    "{{ 'a' * 10000000000 }}",
    "{{ 10000000000 * 'a' }}",
    "{{ [1] * 10**10 }}",
    "{{ (1,) * 10**10 }}",
    "{{ 10 ** (10 ** 10) }}",
    "{% set n = namespace(x=10**99) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "{{ range(10**9) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
    "{% set l = range(9999) | list %}{% for a in l %}{% for b in l %}{% for c in l %}{% set x = a %}{% endfor %}{% endfor %}{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for x in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "{% set n = namespace(a='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "{% set n = namespace(a='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.a = n.a + n.a %}{% endfor %}",
    "{% set n = namespace(a='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.a %}{{ n.a }}{{ n.a }}{% endset %}{% endfor %}",
    "{% set n = namespace(a=[1]) %}{% for i in range(60) %}{% set n.a = n.a + n.a %}{% endfor %}",
    "{% set n = namespace(a=['x']) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}",
    "{% for i in range(999) %}{% set x = ('a b ' * 50000) | title | wordwrap(20) %}{% endfor %}",
    "{% for i in range(9999) %}{% set x = ('http://a.b ' * 5000) | urlize %}{% endfor %}",
    "{% set n = namespace(a=['x']) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a | string | length }}",
    "{% set n = namespace(a=['x']) %}{% for i in range(60) %}{% set n.a = {'a': n.a, 'b': n.a} %}{% endfor %}{{ n.a | tojson | length }}",
    "{% set n = namespace(a=['x']) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ ('%s' % n.a) | length }}",
    "{% set n = namespace(a=['x']) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ '{}'.format(n.a) | length }}",
    f"{{{{ '%{HUGE}d' % 1 }}}}",
    f"{{{{ '%*d' % ({HUGE}, 1) }}}}",
    f"{{{{ '%-*d' % ({HUGE}, 1) }}}}",
    f"{{{{ '%{HUGE}d' | format(1) }}}}",
    f"{{{{ '%*d' | format({HUGE}, 1) }}}}",
    f"{{{{ '{{:{HUGE}}}'.format(1) }}}}",
    f"{{{{ '{{:{{w}}}}'.format(1, w={HUGE}) }}}}",
    f"{{{{ '{{:{{w}}}}'.format_map({{'w': {HUGE}}}) }}}}",
    f"{{{{ 'a'.center({HUGE}) }}}}",
    f"{{{{ 'a'.ljust({HUGE}) }}}}",
    f"{{{{ 'a'.rjust({HUGE}) }}}}",
    f"{{{{ 'a'.zfill({HUGE}) }}}}",
    f"{{{{ '\t'.expandtabs({HUGE}) }}}}",
    f"{{{{ 'a'.encode().ljust({HUGE}) }}}}",
    f"{{{{ (1).to_bytes({HUGE}, 'big') }}}}",
    f"{{{{ 'a' | center({HUGE}) }}}}",
    f"{{{{ 'a' | center(width={HUGE}) }}}}",
    f"{{{{ 'a\nb' | indent({HUGE}) }}}}",
    f"{{{{ [1] | batch({HUGE}, 'x') | list }}}}",
    f"{{{{ [1] | slice({HUGE}) | list }}}}",
    f"{{{{ [1] | tojson(indent={HUGE}) }}}}",
    f"{{{{ 1.5 | round({HUGE}, 'ceil') }}}}",
    "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
    "{{ ('a' * 1000000) | replace('a', 'b' * 1000000) }}",
    "{{ ('a' * 1000000).replace('', 'b' * 1000000) }}",
    "{{ range(99999) | join('a' * 1000000) }}",
    "{{ ('a' * 1000000).join(range(99999) | map('string')) }}",
    "{{ 'aaaaaaaaaa'.translate({97: 'x' * 10000000}) }}",
    "{{ (" * 400,
    "{{ " + "(" * 5000 + ")" * 5000 + " }}",
    "{% for a in [1] %}" * 40 + "{% endfor %}" * 40,
    "{{ 'x' * 9000000 }}" * 10,
    "".join("{% set a" + str(number) + " = 'x' * 9000000 %}" for number in range(200)),
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_no_template_takes_long_or_much_memory(text: str) -> None:
    started, highest = time.process_time(), peak()
    fault(text)
    assert time.process_time() - started < 15  # most take no time; the slowest a few seconds
    assert peak() - highest < 300_000


def peak() -> int:
    """The most memory that this process has used, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_large_template_that_does_honest_work_is_rendered() -> None:
    lines = "".join(f"line {number}: {{{{ variables.message }}}} {{{{ variables.port }}}}\n" for number in range(5000))
    assert render(lines).count("Hello 8080") == 5000
    assert render("{% for n in range(9999) %}{{ n }} {{ variables.message | upper }}\n{% endfor %}").count("HELLO") == 9999


def test_each_rendering_has_a_budget_of_its_own() -> None:
    text = "{% for n in range(99999) %}{{ n }}{% endfor %}"
    for _ in range(4):
        assert len(render(text)) > 400_000


def test_a_template_cannot_name_the_meter() -> None:
    assert "expected token 'name'" in fault("{{ 1 | (meter) }}").message


@given(st.text())
def test_a_text_without_marks_is_not_touched(text: str) -> None:
    plain = text.replace("{", "(")
    assert render(plain) == plain


@given(st.text())
def test_the_value_of_a_variable_is_never_a_template(text: str) -> None:
    assert Templates({"x": text}, "", str).render("{{ x }}", ()) == text
