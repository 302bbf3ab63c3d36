/**
 * How our pages look: two printed pages of A4 or US letter, in black on white. Everything that means something is a
 * word, a weight or a drawing, because a printer leaves backgrounds out and a reader may see no colour.
 */
export const HTML_STYLE = `
@page { size: auto; margin: 12mm 13mm; }
* { box-sizing: border-box; }
html { background: #fff; -webkit-text-size-adjust: 100%; }
b.large { font-size: 14pt; line-height: 1.1; }
body { margin: 0 auto; padding: 8mm 6mm; max-width: 190mm; color: #161616; overflow-wrap: anywhere;
  font: 9pt/1.36 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans Condensed", "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; }
.patterns { position: absolute; }
h1, h2, p, ul, figure, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 18pt; line-height: 1.16; letter-spacing: -0.01em; }
h2 { margin: 3.4mm 0 1mm; padding-top: 1mm; border-top: 0.35mm solid #161616; font-size: 10pt; line-height: 1.25; break-after: avoid; }
p + p, p + ul, ul + p, table + p, figure + p { margin-top: 1.2mm; }
ul { padding-left: 4.4mm; }
li { break-inside: avoid; }
small, .small { font-size: 7.7pt; line-height: 1.34; color: #444; }
.quiet { color: #444; }
.lead { margin-top: 2.4mm; font-size: 10.4pt; line-height: 1.4; }
.nowrap { white-space: nowrap; }
.more { margin-top: 0.8mm; font-style: italic; color: #444; font-size: 8pt; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
thead { display: table-header-group; }
tr, tbody.row { break-inside: avoid; }
.row + .row > tr:first-child > * { border-top: 0.15mm solid #bbb; }
.row tr + tr > * { border-top: 0; padding-top: 0; }
tbody small { display: block; }
th, td { padding: 0.7mm 2.2mm 0.7mm 0; text-align: left; vertical-align: top; font-weight: normal; }
th:last-child, td:last-child { padding-right: 0; }
thead th { padding-bottom: 0.6mm; border-bottom: 0.2mm solid #161616; font-size: 8pt; color: #444; vertical-align: bottom; }
tbody tr + tr > * { border-top: 0.15mm solid #bbb; }
.figure, thead th.figure { text-align: right; white-space: nowrap; }
.bars > .figure { white-space: normal; }
svg { display: block; overflow: visible; }
.bars { display: grid; grid-template-columns: auto minmax(20mm, 1fr) auto; gap: 0.7mm 2.5mm; align-items: center; }
.bars > .figure { text-align: left; }
.split { margin: 0.5mm 0 1.4mm; }
.legend { display: flex; flex-wrap: wrap; gap: 0.4mm 5mm; list-style: none; padding: 0; }
.legend svg { display: inline-block; vertical-align: -0.6mm; margin-right: 1.2mm; }
.kicker { display: flex; justify-content: space-between; align-items: center; gap: 4mm; font-size: 8.6pt; color: #444; margin-bottom: 1.6mm; }
.badge { padding: 0.6mm 2.4mm; border: 0.4mm solid #161616; border-radius: 1mm; color: #161616; font-weight: bold; letter-spacing: 0.02em; text-transform: none; font-size: 9pt; }
.badge.failed { border-width: 0.8mm; border-style: double; }
.badge.cancelled { border-style: dashed; }
.mark { display: inline-block; vertical-align: -0.1mm; margin-right: 1.6mm; }
.why { margin-top: 2mm; padding: 1mm 0 1mm 3mm; border-left: 1mm solid #161616; }
.plain { list-style: none; padding: 0; }
.plain + .plain, p + .plain, .plain + p { margin-top: 1mm; }
.facts { display: grid; grid-template-columns: 27mm 1fr; gap: 0.8mm 2mm; margin-top: 3.4mm; padding-top: 1.4mm; border-top: 0.35mm solid #161616; }
.facts dt { font-weight: bold; }
.kpi { break-inside: avoid; margin: 0.4mm 0 1.6mm; }
.kpi figcaption { align-items: baseline; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 4mm; margin-bottom: 0.8mm; }
.kpi .bars { grid-template-columns: 17mm minmax(20mm, 1fr) 52mm; }
.gantt, .results { font-size: 8.4pt; }
.gantt { margin-top: 0.4mm; }
.gantt tbody th { padding-right: 3mm; }
.gantt tr > :last-child { padding-left: 1mm; }
.gantt .critical th { font-weight: bold; }
.gantt .axis { font-size: 8pt; }
.gantt .axis text { font-size: 7.4pt; fill: #444; }
.gantt .lane { position: relative; padding: 0; height: 5.2mm; }
.gantt .axis + .axis, .gantt .lane + .lane { border-left: 3mm solid #fff; }
.gantt .lane svg { position: absolute; inset: 0; overflow: visible; }
.gantt + .legend { margin-top: 1mm; }
h2 span { font-weight: normal; }
.disclosure { margin-top: 1.6mm; font-weight: bold; }
.proof { margin-top: 0.8mm; }
code { font: 0.94em "DejaVu Sans Mono", Menlo, Consolas, monospace; }
@media print { body { max-width: none; padding: 0; } }
`;
