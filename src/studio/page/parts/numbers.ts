/** A number with the separators of the page's language. */
export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return value.toLocaleString(document.documentElement.lang || "en", options);
}

/** A share 0..1 as a percentage with one decimal. */
export function formatPercent(share: number, digits = 1): string {
  return formatNumber(share, { style: "percent", maximumFractionDigits: digits });
}
