import { formatNumber } from "./parts/numbers.ts";
import { en, type Strings } from "./strings/en.ts";

export { formatNumber, formatPercent } from "./parts/numbers.ts";

/** Languages of the page by code, each with its own name for itself. */
export const languages = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof languages;

/** The texts of a language; only English comes with the page's first script. */
export async function loadStrings(language: Language): Promise<Strings> {
  return language === "zh" ? (await import("./strings/zh.ts")).zh : en;
}

/** The language that the browser prefers among those there are. */
export function preferredLanguage(preferred: readonly string[] = navigator.languages): Language {
  const codes = preferred.map((code) => code.toLowerCase().split("-")[0]!);
  return codes.find((code): code is Language => code in languages) ?? "en";
}

/**
 * Puts values in place of `{name}`. Numbers are written as the language does. A text with a bar has a form for one and one for
 * other numbers of `n`: `{n} image|{n} images`.
 */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  const forms = text.split("|");
  const form = values["n"] === 1 ? forms[0]! : forms.at(-1)!;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? formatNumber(value) : value;
  });
}
