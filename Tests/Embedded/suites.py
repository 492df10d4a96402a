"""Makes a program of Embedded Swift of suites written for Swift Testing, which Embedded Swift does not have.

    suites.py FOLDER OUT    writes each file of FOLDER to OUT, and OUT/Main.swift, which runs all tests

`#expect` becomes a call, what throws says of what type, and each suite gets a function that calls its tests with their
arguments. Nothing else of a file changes, so that what is tried is what the ordinary tests try.
"""
import pathlib
import re
import sys


def balanced(text, start):
    """Where the parenthesis that opens at `start` closes, and the places of commas inside of it alone."""
    depth, commas, i = 0, [], start
    while True:
        c = text[i]
        if text.startswith("//", i):
            i = text.index("\n", i)
            continue
        if c == '"':
            i = text.index('"', i + 1)
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                return i, commas
        elif c == "," and depth == 1:
            commas.append(i)
        i += 1


def pieces(text, start):
    """The parts between commas of what stands in parentheses, and the place behind them."""
    end, commas = balanced(text, start)
    edges = [start] + commas + [end]
    parts = [text[a + 1:b].strip() for a, b in zip(edges, edges[1:])]
    return [part for part in parts if part], end + 1


def calls(text):
    """For each test: its name, whether it throws, its parameters' names, the collections of its arguments."""
    for found in re.finditer(r"^ *@Test\b", text, re.M):
        at, collections = found.end(), []
        if text[at] == "(":
            collections, at = pieces(text, at)
            assert collections[0].startswith("arguments:"), collections
            collections[0] = collections[0].removeprefix("arguments:").strip()
        head = re.compile(r"\s*func (\w+)").match(text, at)
        parameters, behind = pieces(text, head.end())
        throws = text[behind:].lstrip().startswith("throws")
        yield found.start(), head.start(), head.group(1), throws, [p.split(":")[0] for p in parameters], collections


def runner(name, tests):
    lines = [f"extension {name} {{", "  static func runAll() {", f'    Trials.begin(suite: "{name}")']
    for _, _, test, throws, parameters, collections in tests:
        # Two collections give all pairs, a collection of tuples gives all parameters of a call.
        if len(collections) == len(parameters):
            values = [f"v{i}" for i in range(len(parameters))]
        else:
            assert len(collections) == 1, test
            values = [f"v0.{i}" for i in range(len(parameters))]
        for i, collection in enumerate(collections):
            lines.append(f"    for v{i} in {collection} {{")
        call = f"Self().{test}({', '.join(f'{p}: {v}' for p, v in zip(parameters, values))})"
        shown = ", ".join(rf"\(Trials.shown({v}))" for v in values)
        lines.append(f'    Trials.begin("{name}.{test}({shown})")')
        lines.append(f"    do {{ try {call} }} catch {{ Trials.failed(\"threw\") }}" if throws else f"    {call}")
        lines.append("    }" * len(collections))
    return "\n".join(lines + ["  }", "}", ""])


def main(folder, out):
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.swift"):
        old.unlink()
    suites, count = [], 0
    for file in sorted(folder.glob("*.swift")):
        # Its precision is AVX-512's alone.
        if file.name == "BFloat16Tests.swift":
            continue
        text = file.read_text()
        tests = list(calls(text))
        if tests:
            name = re.search(r"^struct (\w+Tests)\b", text, re.M).group(1)
            suites.append(name)
            count += len(tests)
            text += "\n" + runner(name, tests)
        for start, end, *_ in reversed(tests):
            text = text[:start] + text[end:]
        text = text.replace("import Testing\n", "").replace("import Glibc\n", "import CSystem\n")
        text = re.sub(r"\bthrows\b(?!\()", "throws(ObverseError)", text.replace("#expect(", "Trials.expect("))
        (out / file.name).write_text("import Core\n" + text.replace("import Core\n", ""))
    runs = "\n".join(f"    {suite}.runAll()" for suite in suites)
    (out / "Main.swift").write_text(
        f"@main struct Main {{\n  static func main() {{\n{runs}\n    Trials.end(tests: {count})\n  }}\n}}\n")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
