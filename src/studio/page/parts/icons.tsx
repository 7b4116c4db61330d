/** Line drawings of 16 x 16, in the color of the text around them. */
const paths = {
  search: "M11 11l3.5 3.5M12.5 7a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z",
  keys: "M1.5 4.5h13v7h-13zM4 7h.01M6.5 7h.01M9 7h.01M11.5 7h.01M5 9.5h6",
  settings: "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 2.5v4M5.5 9.5v4",
  undo: "M5.5 3L2 6.5 5.5 10M2 6.5h7.5a4 4 0 0 1 0 8H6",
  redo: "M10.5 3L14 6.5 10.5 10M14 6.5H6.5a4 4 0 0 0 0 8H10",
  plus: "M8 2.5v11M2.5 8h11",
  check: "M2.5 8.5l3.5 3.5 7.5-8",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  warning: "M8 1.8L15 14H1zM8 6v4M8 12h.01",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
