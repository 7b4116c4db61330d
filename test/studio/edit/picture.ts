import type { TakeSpan } from "../../../src/studio/edit/spans.ts";

/** The pixels that are taken, as `#` in rows of `.`; none may lie outside. */
export function picture(
  size: { width: number; height: number },
  paint: (take: TakeSpan) => void,
): string[] {
  const rows = Array.from({ length: size.height }, () => Array<string>(size.width).fill("."));
  paint((y, first, last) => {
    if (first < 0 || last >= size.width || first > last || rows[y] === undefined) {
      throw new Error(`pixels ${first} to ${last} of row ${y} are not in the picture`);
    }
    rows[y].fill("#", first, last + 1);
  });
  return rows.map((row) => row.join(""));
}

/** Labels drawn as rows of digits, `?` for 255. */
export function labels(rows: readonly string[]): {
  width: number;
  height: number;
  data: Uint8Array;
} {
  const digits = rows.flatMap((row) => [...row].map((c) => (c === "?" ? 255 : Number(c))));
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(digits) };
}

/** What `labels` was made of. */
export function drawn({ width, data }: { width: number; data: Uint8Array }): string[] {
  const text = Array.from(data, (label) => (label === 255 ? "?" : String(label))).join("");
  return text.match(new RegExp(`.{${width}}`, "g")) ?? [];
}
