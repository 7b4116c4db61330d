/** A piece of HTML whose text is escaped already. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | string | number | undefined | readonly (Html | string | undefined)[];

/** HTML from a template: values are escaped unless they are `Html`; undefined becomes an empty text. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const text = strings.map((part, i) => (i === 0 ? part : show(values[i - 1]) + part));
  return new Html(text.join(""));
}

/** The address of a JPEG inside a page. */
export function dataUri(jpeg: Uint8Array): string {
  // In pieces: a call takes a limited number of arguments.
  let binary = "";
  for (let at = 0; at < jpeg.length; at += 8192) {
    binary += String.fromCharCode(...jpeg.subarray(at, at + 8192));
  }
  return `data:image/jpeg;base64,${btoa(binary)}`;
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
