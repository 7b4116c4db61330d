/** All texts of the page, by screen. `{name}` stands for a value; see `text.ts`. */
export const en = {
  shell: {},
  start: {},
  tag: {},
  train: {},
  inspect: {},
  review: {},
  export: {},
};

export type Strings = typeof en;
