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
  brush: "M13.5 2.5L7 9M6 8l2 2c0 2.5-1.5 3.5-5.5 3.5C4 12 3.5 8.5 6 8z",
  erase: "M9.5 3L14 7.5 8 13.5H5L2.5 11zM6 6.5l4.5 4.5M8 13.5h6",
  bucket: "M7 2.5l5.5 5.5L7 13.5 1.5 8zM1.5 8h11M14 11.2c-.8 1-.8 2.3 0 2.3s.8-1.3 0-2.3z",
  lasso:
    "M5 10.5C2.5 10 1.5 8.5 1.5 7c0-2.5 3-4 6.5-4s6.5 1.5 6.5 4-3 4-6.5 4c-1 0-2 0-3-.5zM5 10.5c-1 0-1.5.7-1.5 1.5s.6 1.5 1.5 1.5 1.2-2 0-3z",
  grow: "M8 8h.01M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5L13 13M13 3l-1.5 1.5M4.5 11.5L3 13",
  pan: "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2",
  minus: "M2.5 8h11",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  unlock: "M4 7.5h8v6H4zM5.5 7.5V4.5a2.5 2.5 0 0 1 4.800-1",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
