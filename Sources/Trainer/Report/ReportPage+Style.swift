extension ReportPage {
  /// The page's style sheet: light and dark as the reader's system is, and black on white on paper.
  static let style: StaticString = """
    :root { color-scheme: light dark;
      --page: #ffffff; --card: #f6f7f9; --ink: #1b1f24; --soft: #5c6570; --rule: #d8dde3;
      --c0: #1f6fd6; --c1: #c2570c; --c2: #0f8a5f; --c3: #a3359c; --c4: #8a6d00; --c5: #0d8a96;
      --hit: 31, 111, 214; --miss: 194, 87, 12; --right: #0f8a5f; --wrong: #c62828; }
    @media (prefers-color-scheme: dark) { :root {
      --page: #14171a; --card: #1d2125; --ink: #e6e9ec; --soft: #9aa4ae; --rule: #353c43;
      --c0: #6ca8ff; --c1: #f2994a; --c2: #4cc38a; --c3: #e18bdc; --c4: #d9bd4c; --c5: #54c7d3;
      --hit: 108, 168, 255; --miss: 242, 153, 74; --right: #4cc38a; --wrong: #ff7b72; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem; max-width: 84rem;
      background: var(--page); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
    h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin: 2.2rem 0 0.4rem; padding-top: 0.6rem;
      border-top: 1px solid var(--rule); }
    header p, .note { color: var(--soft); margin: 0.2rem 0 0.8rem; overflow-wrap: anywhere; }
    .note { max-width: 75ch; }
    .highlights { display: flex; flex-wrap: wrap; gap: 0.6rem; }
    .highlights div { background: var(--card); border-radius: 8px; padding: 0.5rem 0.9rem;
      min-width: 7rem; }
    .highlights b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
    .highlights span { color: var(--soft); font-size: 0.85rem; }
    small { color: var(--soft); font-size: 0.8rem; white-space: nowrap; }
    .highlights small, .matrix small { display: block; }
    .grid-of-figures { display: grid; gap: 0.9rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); }
    .cell { background: var(--card); border-radius: 8px; padding: 0.7rem 0.8rem; min-width: 0; }
    .wide { grid-column: 1 / -1; }
    figure { margin: 0; }
    figcaption { display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; font-size: 0.9rem; }
    figcaption b { flex-basis: 100%; }
    .key { color: var(--soft); white-space: nowrap; }
    .key::before { content: ""; display: inline-block; width: 1.1em; margin-right: 0.4em;
      vertical-align: 0.25em; border-top: 3px solid var(--c0); }
    .key.c1::before { border-color: var(--c1); } .key.c2::before { border-color: var(--c2); }
    .key.c3::before { border-color: var(--c3); } .key.c4::before { border-color: var(--c4); }
    .key.c5::before { border-color: var(--c5); }
    .key.truth::before { border-color: var(--soft); }
    .key.raw::before { border-width: 1.5px; } .key.processed::before { border-color: var(--c1); }
    .pair { display: grid; gap: 0 1rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
    svg { display: block; width: 100%; max-width: 44rem; height: auto; }
    svg text { fill: var(--soft); font-size: 13px; }
    .grid { stroke: var(--rule); fill: none; }
    .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke: var(--c0); }
    .curve.c1 { stroke: var(--c1); stroke-dasharray: 7 2; }
    .curve.c2 { stroke: var(--c2); stroke-dasharray: 2 2; }
    .curve.c3 { stroke: var(--c3); stroke-dasharray: 9 2 2 2; }
    .curve.c4 { stroke: var(--c4); } .curve.c5 { stroke: var(--c5); stroke-dasharray: 5 5; }
    .curve.truth { stroke: var(--soft); stroke-width: 2.6; stroke-opacity: 0.75; }
    .curve.raw { stroke-width: 1; } .curve.processed { stroke: var(--c1); stroke-width: 1.6; }
    .dot { fill: var(--c0); } .dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); }
    .dot.c3 { fill: var(--c3); } .dot.c4 { fill: var(--c4); } .dot.c5 { fill: var(--c5); }
    .ring { fill: none; stroke-width: 1.4; stroke: var(--c1); }
    .link { stroke: var(--soft); stroke-width: 0.7; stroke-opacity: 0.5; fill: none; }
    .bar { fill: var(--c0); }
    svg.broad { max-width: none; min-width: 40rem; }
    .attempt { fill: none; stroke: var(--c0); stroke-width: calc(0.6px + var(--p) * 1.6px);
      stroke-opacity: calc(0.1 + var(--p) * var(--p) * 0.85); }
    .attempt:hover { stroke: var(--c1); stroke-opacity: 1; }
    .share { width: 60%; } .share i { display: block; height: 0.8em; background: var(--c0);
      width: calc(var(--p) * 100%); min-width: 1px; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    .facts { width: 100%; } .facts td { overflow-wrap: anywhere; }
    .facts th { text-align: left; font-weight: normal; color: var(--soft); padding-right: 1rem;
      vertical-align: top; white-space: nowrap; }
    .matrix th, .matrix td { padding: 0.25rem 0.6rem; text-align: right; white-space: nowrap; }
    .matrix th { font-weight: 600; font-size: 0.88rem; }
    .matrix td, .matrix th[scope=row] { vertical-align: top; }
    .matrix th[scope=row], .matrix tr:first-child th:first-child { text-align: left; }
    .matrix th[scope=colgroup] { text-align: center; }
    .matrix .total td, .matrix .total th { border-top: 1px solid var(--rule); font-weight: 600; }
    .matrix .total small { font-weight: normal; }
    .hit { background: rgba(var(--hit), calc(var(--p) * 0.75)); }
    .miss { background: rgba(var(--miss), calc(var(--p) * 0.9)); }
    .gallery { display: grid; gap: 0.7rem;
      grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); }
    .gallery.strips { grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
    .gallery figure { font-size: 0.8rem; } .gallery figcaption { font-size: 0.8rem; }
    .gallery img { width: 100%; height: auto; border-radius: 6px; display: block;
      border-bottom: 4px solid var(--rule); }
    .gallery .right img { border-color: var(--right); }
    .gallery .wrong img { border-color: var(--wrong); }
    pre { margin: 0; overflow-x: auto; font-size: 0.82rem; line-height: 1.45; }
    @media print {
      :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444;
        --rule: #bbb; --c0: #1f6fd6; --c1: #c2570c; --c2: #0f8a5f; --c3: #a3359c; --c4: #8a6d00;
        --c5: #0d8a96; --hit: 31, 111, 214; --miss: 194, 87, 12; --right: #0f8a5f;
        --wrong: #c62828; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      html { font-size: 11px; }
      body { padding: 0; max-width: none; font-size: 1rem; }
      .cell { border: 1px solid var(--rule); break-inside: avoid; }
      .grid-of-figures { grid-template-columns: 1fr 1fr; }
      h2 { break-after: avoid; }
      .wide:has(pre) { break-inside: auto; } pre { white-space: pre-wrap; }
    }
    """
}
