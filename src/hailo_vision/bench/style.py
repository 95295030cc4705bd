"""The style sheet of the report. It holds no character that XML would want escaped."""

STYLE = """
:root{--paper:#f6f7f9;--card:#fff;--ink:#16191d;--soft:#535d69;--rule:#dde2e8;--main:#0b62c4;--bar:#7fb2ea;
--mark:#a84300;--bad:#b3261e;--note:#fff4e0;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#101317;--card:#191e24;--ink:#e9edf1;--soft:#a3aeba;--rule:#2d353e;
--main:#6bb3ff;--bar:#35679f;--mark:#ffb072;--bad:#ff8a80;--note:#33291a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:76rem;margin:0 auto;padding:clamp(1.25rem,4vw,3rem) clamp(1rem,4vw,2.5rem) 4rem}
h1{font-size:clamp(1.6rem,5vw,2.3rem);line-height:1.15;letter-spacing:-.02em;margin:.1rem 0 .6rem;
overflow-wrap:anywhere}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:0 0 1rem}
p{margin:.4rem 0;max-width:68ch}
header p{color:var(--soft)}
.over{font-size:.85rem;font-weight:600;letter-spacing:.02em;color:var(--main)}
.note{background:var(--note);color:var(--ink);padding:.65rem .9rem;border-radius:.5rem;margin:1rem 0}
.small{font-size:.875rem;color:var(--soft);margin-top:.9rem}
section{margin-top:2.75rem}
dl,dd,figure{margin:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin-bottom:.75rem}
.cards div,figure,.scroll,.facts{background:var(--card);border:1px solid var(--rule);border-radius:.75rem}
.cards div{padding:.8rem 1rem}
.cards dt{font-size:.84rem;color:var(--soft);line-height:1.3}
.cards dd{font-size:1.5rem;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums;margin-top:.15rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:.75rem;margin-bottom:.75rem}
figure{padding:1rem .9rem .5rem}
figcaption{font-weight:600;margin:0 .2rem .5rem}
svg{display:block;width:100%;height:auto;font-size:12px;font-variant-numeric:tabular-nums}
.grid{stroke:var(--rule);stroke-width:1;fill:none}
.line{fill:none;stroke:var(--main);stroke-width:1.5;stroke-opacity:.45;stroke-linejoin:round}
.dot{fill:var(--main)}
.bar{fill:var(--bar)}
.mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:5 4;fill:none}
.failure{stroke:var(--bad);stroke-width:2;fill:none}
.tick{fill:var(--soft);text-anchor:end}
.below,.axis{text-anchor:middle}
.axis{fill:var(--soft)}
.word{fill:var(--mark);font-weight:600;text-anchor:end}
.from{text-anchor:start}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.94rem}
th,td{padding:.55rem .9rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th:first-child{text-align:left}
tbody tr:last-child th,tbody tr:last-child td{border-bottom:0}
thead th{color:var(--soft);font-weight:600;font-size:.84rem}
tbody th{font-weight:500}
.none{text-align:left;color:var(--soft)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1rem 2rem;padding:1rem}
.facts dt{font-size:.84rem;color:var(--soft);line-height:1.3}
.facts dd{overflow-wrap:anywhere}
@media print{body{background:#fff}section{break-inside:avoid}}
"""
