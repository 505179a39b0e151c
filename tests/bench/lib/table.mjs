// table.mjs: numbers as text, and rows as a Markdown table.

// Three digits are what a repeated measurement is good for.
export function number(value) {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size === 0) return "0";
  return String(Number(value.toPrecision(3)));
}

export function withSpread({ median, min, max }, unit = "") {
  const text = `${number(median)}${unit}`;
  return min === max ? text : `${text} (${number(min)} to ${number(max)})`;
}

export function table(head, rows) {
  const cells = [head, head.map(() => "---"), ...rows];
  return cells.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

// The verdicts of a part: [{what, asked, measured, ok}] (ok null: for information).
export function verdicts(list) {
  const word = (ok) => (ok === null ? "" : ok ? "ok" : "**missed**");
  return table(
    ["", "asked", "measured", ""],
    list.map(({ what, asked, measured, ok }) => [what, asked ?? "", measured, word(ok)]),
  );
}
