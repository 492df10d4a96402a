/// How a page looks, by day and by night, on a desk and on a phone.
enum PageStyle {
  static let sheet = """
    :root { --paper: #fff; --card: #f6f7f9; --ink: #1c2026; --dim: #5c6570; --line: #d9dde3; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14171b; --card: #1d2127; --ink: #e7eaee; --dim: #a0a9b4; --line: #363c45; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 48px; }
    h1 { font-size: 26px; margin: 0 0 4px; }
    h2 { font-size: 20px; margin: 36px 0 12px; }
    h3 { font-size: 16px; margin: 0 0 8px; }
    .facts { color: var(--dim); font-size: 14px; margin: 4px 0 16px; }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
      gap: 16px; margin-bottom: 24px; }
    .card { background: var(--card); border-radius: 10px; padding: 16px; min-width: 0; }
    .card svg { display: block; width: 100%; max-width: 640px; height: auto; margin: 0 auto; }
    .card .facts { margin-bottom: 0; }
    .wide { overflow-x: auto; margin: 0 0 16px; }
    table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
    th, td { padding: 4px 10px; text-align: left; white-space: nowrap;
      border-bottom: 1px solid var(--line); }
    th { color: var(--dim); font-weight: 600; white-space: normal; vertical-align: bottom; }
    .n { text-align: right; }
    .faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 12px; }
    figure { margin: 0; }
    img { display: block; width: 100%; border-radius: 8px; }
    figcaption { color: var(--dim); font-size: 14px; }
    text { font: 14px system-ui, sans-serif; fill: var(--ink); }
    text.tick { fill: var(--dim); font-size: 13px; }
    text.name { fill: var(--dim); }
    text.mid { text-anchor: middle; }
    text.end { text-anchor: end; }
    line.grid { stroke: var(--line); stroke-width: 1; }
    line.axis { stroke: var(--dim); stroke-width: 1; }
    @media (max-width: 600px) {
      text { font-size: 17px; }
      text.tick { font-size: 15px; }
      th, td { padding: 4px 6px; }
      .card { padding: 12px; }
    }
    """
}
