/// What a report's page adds to every page's style: lines that differ in pattern as well as colour.
enum ReportStyle {
  static let sheet = """
    :root { --look0: #2f6fd0; --look1: #b4540f; --look2: #1d7a4a; --look3: #8a3fa8;
      --look4: #b3263f; --look5: #4d5661; }
    @media (prefers-color-scheme: dark) {
      :root { --look0: #6ea8ff; --look1: #f0a05a; --look2: #5fce95; --look3: #cf94ea;
        --look4: #ff8a9c; --look5: #b6bfca; }
    }
    .look0 { --look: var(--look0); } .look1 { --look: var(--look1); }
    .look2 { --look: var(--look2); } .look3 { --look: var(--look3); }
    .look4 { --look: var(--look4); } .look5 { --look: var(--look5); }
    .line { fill: none; stroke: var(--look); stroke-width: 2; stroke-linejoin: round; }
    .line.look1 { stroke-dasharray: 9 4; } .line.look2 { stroke-dasharray: 2 3; }
    .line.look3 { stroke-dasharray: 10 3 2 3; } .line.look4 { stroke-dasharray: 5 3; }
    .line.look5 { stroke-dasharray: 12 3 2 3 2 3; }
    .band { fill: var(--look); fill-opacity: .18; stroke: none; }
    .mark { fill: var(--look); stroke: var(--card); stroke-width: 1; }
    text.label { fill: var(--look); font-weight: 600; paint-order: stroke; stroke: var(--card);
      stroke-width: 4px; }
    @media (max-width: 600px) { text.label { font-size: 15px; } }
    line.zero { stroke: var(--dim); stroke-width: 1.5; }
    svg.sample { width: 48px; height: 16px; vertical-align: -2px; margin-right: 8px; }
    .key { list-style: none; padding: 0; margin: 0 0 16px; font-size: 14px;
      overflow-wrap: anywhere; }
    .key li { margin: 4px 0; }
    .problems { border-left: 4px solid var(--look4); padding: 2px 0 2px 12px; margin: 0 0 16px;
      font-size: 14px; overflow-wrap: anywhere; }
    .problems p { margin: 4px 0; }
    h2, td, .facts { overflow-wrap: anywhere; }
    .sheets figure { margin: 0 0 12px; max-width: 720px; }
    .sheets img { border-radius: 6px; }
    img.tiny { image-rendering: pixelated; }
    h4 { font-size: 15px; margin: 0 0 8px; overflow-wrap: anywhere; }
    details { margin: 0 0 16px; }
    summary { cursor: pointer; color: var(--dim); font-size: 14px; }
    pre { overflow-x: auto; background: var(--card); border-radius: 10px; padding: 12px;
      font-size: 13px; }
    """
}
