"""What was measured, as one Markdown table."""
import statistics

TITLES = {
    "openvino": "OpenVINO", "openvino-default": "OpenVINO, its default", "ort": "ONNX Runtime", "ncnn": "ncnn", "litert": "LiteRT",
    "torch": "PyTorch", "obverse": "Obverse", "obverse-bf16": "Obverse, bf16",
}


def merged(passes):
    """Each figure's median over the passes; the worst where bigger means doubt."""
    keys = set.intersection(*(set(one) for one in passes))
    worst = {"others", "max_difference"}
    return {
        key: (max if key in worst else statistics.median)(one[key] for one in passes)
        for key in sorted(keys)
    }


def time_text(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def share(macs, milliseconds, peak):
    """Effective arithmetic, % of the measured peak; above 100 where fewer products are made."""
    return f"{100 * 2e-6 * macs / milliseconds / peak:.0f}"


def markdown(results, names, networks, peaks):
    """results: {(network, threads): {name: merged}}; networks: {network: facts of `bench`}.

    peaks: gflops of 1, 2, ... threads.
    """
    peers = [name for name in names if name != "obverse"]
    titles = ["network", "threads", "Obverse"] + [TITLES[name] for name in peers]
    titles += ["best peer / Obverse", "% of peak", "memory MB", "cold start ms"]
    rows = [titles, ["---"] + ["---:"] * (len(titles) - 1)]
    for (network, threads), found in results.items():
        row = [network, str(threads)]
        for name in ["obverse", *peers]:
            one = found.get(name)
            text = f"{time_text(one['median_ms'])} ({time_text(one['p10_ms'])})" if one else "-"
            row.append(text)
        ours = found.get("obverse")
        # Ratios are between equals: who chose another precision has a column and no part in them.
        equals = [name for name in peers if not name.endswith(("-default", "-bf16"))]
        rivals = [found[name] for name in equals if name in found]
        if ours and rivals:
            best = min(rivals, key=lambda one: one["median_ms"])
            macs, peak = networks[network]["macs"], peaks[threads - 1]
            row += [
                f"{best['median_ms'] / ours['median_ms']:.2f}",
                " / ".join(share(macs, one["median_ms"], peak) for one in (ours, best)),
                f"{ours['memory_bytes'] / 1e6:.0f} /"
                f" {min(one['memory_bytes'] for one in rivals) / 1e6:.0f}",
                f"{ours['cold_ms']:.0f} / {min(one['cold_ms'] for one in rivals):.0f}",
            ]
        else:
            row += ["-"] * 4
        rows.append(row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
