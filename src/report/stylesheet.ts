/** The look of the HTML report. Colours are the system's own where it has them, so that light and dark both read well. */
export const STYLESHEET = `
:root { --text: #1c2024; --quiet: #667079; --line: #dfe3e6; --ground: #ffffff; --raised: #f6f8f9;
  --good: #1a7f4b; --attention: #a86200; --bad: #c0262d; }
@media (prefers-color-scheme: dark) { :root { --text: #e7eaed; --quiet: #9aa4ad; --line: #2e353b; --ground: #14181b;
  --raised: #1c2226; --good: #4cc38a; --attention: #e8a33d; --bad: #ff6b70; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; padding-bottom: .35rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .25rem 0 .75rem; }
ul { padding-left: 1.2rem; margin: .5rem 0; }
code { font: .86em ui-monospace, monospace; overflow-wrap: anywhere; }
small, time { color: var(--quiet); }
.outcome { display: inline-block; margin: 0; padding: .15rem .7rem; border: 1px solid currentColor; border-radius: 1rem;
  font-weight: 600; font-size: .85rem; }
.good { color: var(--good); } .attention { color: var(--attention); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
.tag { color: var(--good); font-size: .8rem; font-weight: 500; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: break-word; min-width: 5rem; }
.whole { white-space: nowrap; font-variant-numeric: tabular-nums; }
.dot { display: inline-block; width: .55rem; height: .55rem; margin-right: .45rem; border-radius: 50%; background: currentColor; }
@media print { main { max-width: none; padding: 0; } }
`;
