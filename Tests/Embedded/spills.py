"""Counts what the loops of the kernels keep in memory for want of registers, in code for arm64.

    spills.py OBJDUMP OBJECT [NAME]    NAME: shows the loops of functions whose names contain it

A line for each kernel with loops that multiply and add, by themselves and not by a loop inside: their multiply-adds,
their instructions, and of these the ones that take a vector to the stack or back. Ends with 1 where there are such that
are not `KNOWN`.
"""
import collections
import re
import subprocess
import sys

# A vector, whole or in part, to the stack or from it.
STACK = re.compile(r"^(?:st|ld)(?:p|r|ur|nt?p)\s+[qdsv]\d+.*\[(?:sp|x29)\b")
FMA = re.compile(r"^f(?:mla|mls|madd|msub)\b")
BRANCH = re.compile(r"^(?:b(?:\.\w+)?|cbn?z|tbn?z)\s.*?\b([0-9a-f]+) <")
# 16 sums, 8 inputs, the scales of two blocks, and what widens bytes to floats are more than 32.
KNOWN = {"convSmallBytes": 8}
KERNELS = ("tilePair", "tileSingle", "convolve", "convRaw", "convActivated", "convSmall", "dispatch", "tile ",
           "winograd", "planarRow", "planarWinograd", "multiplyAdds")


def functions(objdump, file):
    """Name and `[(address, instruction)]` of each function."""
    listing = subprocess.run([objdump, "-d", "--no-show-raw-insn", file], capture_output=True, text=True, check=True)
    shown = subprocess.run(["swift", "demangle", "-compact"], input=listing.stdout, capture_output=True, text=True,
                           check=True).stdout
    name, body = None, []
    for line in shown.splitlines():
        if found := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            if body:
                yield name, body
            name, body = found.group(1), []
        elif found := re.match(r"^\s*([0-9a-f]+):\s+(.*)$", line):
            body.append((int(found.group(1), 16), found.group(2)))
    if body:
        yield name, body


def loops_of(body):
    """Each loop's instructions, without those of loops inside of it."""
    places = {address: i for i, (address, _) in enumerate(body)}
    loops = set()
    for i, (address, text) in enumerate(body):
        if (found := BRANCH.match(text)) and (to := int(found.group(1), 16)) <= address and to in places:
            loops.add((places[to], i + 1))
    for first, last in sorted(loops):
        inner = [b for b in loops if b != (first, last) and first <= b[0] and b[1] <= last]
        yield [text for i, (_, text) in enumerate(body[first:last], first) if not any(a <= i < b for a, b in inner)]


def short(name):
    """A kernel's own name, and what it is made for."""
    special = re.search(r"specialization <([^>]*)>+ of", name)
    made = re.sub(r"\(?KernelsBaseline\.|\(| in _\w+\)?", "", special.group(1)) if special else ""
    made = "" if "Dead" in made else f" <{made.strip(')')}>"
    own = re.findall(r"\(?(\w+)(?: in _\w+\))?(?=[<(])", name.split(" of ")[-1])
    return next((w for w in own if w not in ("KernelsBaseline", "Vectorized")), name) + made


def main(objdump, file, wanted=None):
    rows = collections.defaultdict(lambda: [0, 0, 0, 0])
    for name, body in functions(objdump, file):
        if not any(kernel in name for kernel in KERNELS):
            continue
        for texts in loops_of(body):
            fmas = sum(bool(FMA.match(text)) for text in texts)
            if fmas < 4:
                continue
            spills = sum(bool(STACK.match(text)) for text in texts)
            row = rows[short(name)]
            for i, value in enumerate((1, fmas, len(texts), spills)):
                row[i] += value
            if wanted and wanted in short(name):
                print(f"-- {short(name)}: {fmas} multiply-adds, {spills} spills")
                print("\n".join(f"    {text}" for text in texts))
    print("loops  multiply-adds  instructions  spills")
    for name, row in sorted(rows.items()):
        print(f"{row[0]:5}  {row[1]:13}  {row[2]:12}  {row[3]:6}  {name}")
    bad = [name for name, row in rows.items() if row[3] > KNOWN.get(name, 0)]
    print(f"{len(rows)} kernels, {sum(row[3] for row in rows.values())} spills")
    if bad:
        print(f"more than there may be: {', '.join(sorted(bad))}")
    return 1 if bad or not rows else 0


sys.exit(main(*sys.argv[1:]))
