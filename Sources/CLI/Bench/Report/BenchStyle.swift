/// What the bench's page adds to every page's style.
enum BenchStyle {
  static let sheet = """
    :root { --compute: #2f6fd0; --memory: #c8641b; --on: #fff; }
    @media (prefers-color-scheme: dark) {
      :root { --compute: #6ea8ff; --memory: #f0a05a; --on: #14171b; }
    }
    .steps { width: 100%; }
    .steps td:first-child { color: var(--dim); }
    .steps td:nth-child(4) { width: 30%; min-width: 96px; }
    .steps td:nth-child(4) svg { display: block; width: 100%; height: 12px; }
    .steps tr:last-child td { font-weight: 600; border-bottom: 0; }
    text.number { fill: var(--on); font-size: 12px; font-weight: 600; pointer-events: none; }
    line.roof { stroke: var(--ink); stroke-width: 2.5; stroke-linecap: round; }
    line.mark { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 4; }
    .bar, .compute { fill: var(--compute); }
    .memory { fill: var(--memory); }
    circle { stroke: var(--card); stroke-width: 1.5; fill-opacity: .9; }
    i.compute, i.memory { display: inline-block; width: 10px; height: 10px; border-radius: 50%;
      background: var(--compute); }
    i.memory { background: var(--memory); }
    @media (max-width: 600px) {
      .steps td:nth-child(2) { white-space: normal; min-width: 108px; }
      .steps td:nth-child(4) { min-width: 84px; }
    }
    """
}
