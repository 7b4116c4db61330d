/** CSS of all pages, for light and dark screens, narrow screens and paper. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --ink: #1d1d24; --soft: #62626e; --line: #e4e4df; --wash: #f1f1ee;
  --seg: #4b4ee6; --affinity: #0b8f83; --cam: #d4770c; --tags: #c2357a; --total: #1d1d24;
  --data: #8a8fa3; --labels: #0b8f83; --network: #4b4ee6; --optimizer: #c2357a; --exchange: #d4770c; --other: #d4d4cf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131318; --card: #1c1c23; --ink: #efeff2; --soft: #a3a3b0; --line: #31313b; --wash: #25252e;
    --seg: #8b8eff; --affinity: #35c7b8; --cam: #f2a545; --tags: #f07bb0; --total: #efeff2;
    --data: #868ba0; --labels: #35c7b8; --network: #8b8eff; --optimizer: #f07bb0; --exchange: #f2a545; --other: #45454f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 1120px; margin: 0 auto; padding: 48px 24px 72px; }
h1, h2, h3, p, figure, dl, dd, pre { margin: 0; }
h1 { font-size: 32px; line-height: 1.15; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { font-size: 19px; letter-spacing: -0.01em; margin: 0 0 4px; }
h3 { font-size: 15px; overflow-wrap: anywhere; }
.over { font-size: 12px; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; color: var(--soft); }
.soft { color: var(--soft); }
.note { color: var(--soft); font-size: 14px; max-width: 70ch; margin-bottom: 20px; }
header .soft { margin-top: 8px; }
section { margin-top: 48px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; }
.split { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 20px; align-items: start; }
.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 20px; margin-top: 32px; }
.figures b { display: block; font-size: 34px; line-height: 1.2; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figures .card { border-top: 3px solid var(--hue); }
.figures span { font-size: 13px; color: var(--soft); }

.chart .plot { position: relative; height: 260px; margin: 20px 8px 28px 44px; }
.chart svg { display: block; width: 100%; height: 100%; overflow: visible; }
.chart path { fill: none; vector-effect: non-scaling-stroke; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .curve { stroke-width: 2; stroke-linejoin: round; }
.chart .raw { stroke-width: 1; opacity: 0.28; }
.chart .dot { stroke-width: 7; stroke-linecap: round; }
.chart .band { fill: none; }
.chart .band.odd { fill: var(--wash); }
.plot span { position: absolute; font-size: 12px; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.plot .y { right: calc(100% + 8px); transform: translateY(50%); }
.plot .x { top: calc(100% + 10px); transform: translateX(-50%); }
.plot .phase { top: 6px; text-align: center; overflow: hidden; text-overflow: ellipsis; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; }
.key { display: inline-flex; align-items: center; gap: 7px; color: var(--soft); }
.key b { color: var(--ink); font-variant-numeric: tabular-nums; }
.key i, .swatch { width: 11px; height: 11px; border-radius: 3px; flex: none; display: inline-block; }
.hatch { background: repeating-linear-gradient(135deg, #fff 0 2px, #b9b9b9 2px 4px); }

table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 13px; }
th, td { padding: 7px 8px; border-bottom: 1px solid var(--line); }
tr > :first-child { padding-left: 0; overflow-wrap: anywhere; }
tr > :last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { color: var(--ink); font-weight: 400; font-size: 14px; }
.number { text-align: right; width: 17%; }
.meter { width: 32%; }
.meter div { display: flex; align-items: center; gap: 10px; }
.meter span { flex: 1; height: 6px; border-radius: 3px; background: var(--wash); overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--seg); border-radius: 3px; }
.meter b { font-weight: 400; width: 3.2em; text-align: right; }
.mean > * { font-weight: 650 !important; }
.mean .meter b { font-weight: 650; }
.named { display: inline-flex; align-items: baseline; gap: 9px; }

.panels { display: grid; gap: 16px; }
.panel header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: baseline; margin-bottom: 12px; }
.tiles { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 10px; }
.tiles.steps { grid-template-columns: repeat(9, minmax(0, 1fr)); gap: 8px; }
.steps b, .steps .gain, .steps .loss { white-space: nowrap; }
.tiles img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--wash); }
.tiles figcaption { font-size: 12.5px; color: var(--soft); padding-top: 5px; }
.classes { margin: 0 0 16px; }

.stack { display: grid; gap: 10px; margin-top: 16px; }
.row { display: grid; grid-template-columns: 112px minmax(0, 1fr) 84px; gap: 12px; align-items: center; font-size: 14px; }
.bar { display: flex; height: 18px; gap: 1px; }
.bar i { display: block; min-width: 0; }
.bar i:first-child { border-radius: 4px 0 0 4px; }
.bar i:last-child { border-radius: 0 4px 4px 0; }
.row.step { grid-template-columns: 170px minmax(0, 1fr) 112px; }
.step .bar { background: var(--wash); border-radius: 4px; }
.step .bar i { border-radius: 4px; }
.bar .seg { background: var(--seg); }
.bar .cam { background: var(--cam); }
.bar .perfect { background: repeating-linear-gradient(135deg, var(--cam) 0 3px, transparent 3px 6px); }
.step .total b, figcaption b { color: var(--ink); font-weight: 600; }
.gain { color: var(--affinity); font-variant-numeric: tabular-nums; }
.loss { color: var(--tags); font-variant-numeric: tabular-nums; }
.total { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); white-space: nowrap; }

dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 20px; font-size: 14px; }
dt { color: var(--soft); }
dd { overflow-wrap: anywhere; }
pre, code { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre { background: var(--wash); border-radius: 8px; padding: 12px 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
.sections { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 24px 32px; }
.sections h3 { margin-bottom: 8px; text-transform: capitalize; }
.gap { margin-top: 20px; }

@media screen and (max-width: 860px) {
  main { padding: 28px 16px 48px; }
  h1 { font-size: 26px; }
  .split { grid-template-columns: minmax(0, 1fr); }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
  .figures b { font-size: 28px; }
  .card { padding: 16px; }
  .tiles, .tiles.steps { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .row { grid-template-columns: 92px minmax(0, 1fr) 72px; gap: 8px; }
  .row.step { grid-template-columns: 104px minmax(0, 1fr) 92px; }
  .meter span { display: none; }
  .meter div { justify-content: flex-end; }
  .number, .meter { width: 20%; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #111; --soft: #555; --line: #d5d5d5; --wash: #f1f1ee;
    --seg: #4b4ee6; --affinity: #0b8f83; --cam: #d4770c; --tags: #c2357a; --total: #111;
    --data: #8a8fa3; --labels: #0b8f83; --network: #4b4ee6; --optimizer: #c2357a; --exchange: #d4770c; --other: #d4d4cf;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  section { margin-top: 28px; }
  .card, .chart, .note { break-inside: avoid; }
  .card { padding: 12px; }
  .split, .figures { gap: 12px; }
  .chart .plot { height: 200px; }
  .panels { gap: 10px; }
  h2, .note { break-after: avoid; }
}
`;
