/** Most images whose headers are read when a data set is opened, which takes a second or two. */
const headerLimit = 4000;

/** Whether opening a data set reads the headers of its images and masks, or trusts the names alone. */
export function checksHeaders(images: number, { strict }: { readonly strict: boolean }): boolean {
  return strict || images <= headerLimit;
}
