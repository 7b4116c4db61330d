/** A piece of HTML that needs no more escaping. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | string | number | undefined | readonly (Html | string | undefined)[];

/** HTML from a template; every value in it that is not HTML itself is escaped, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const text = strings.map((part, i) => (i === 0 ? part : show(values[i - 1]) + part));
  return new Html(text.join(""));
}

function show(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(show).join("");
  return String(value).replace(/[&<>"']/g, (letter) => entities[letter]!);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
