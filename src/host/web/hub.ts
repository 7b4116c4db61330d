import { UserError } from "../../user-error.ts";
import type { Hub, HubFile } from "../hub.ts";

/** A page fetches no weights by itself: its images and requests are the visitor's business. */
export const webHub: Hub = {
  page,
  find: () => Promise.resolve(undefined),
  // eslint-disable-next-line require-yield -- the interface is that of downloads
  async *fetch({ repository, revision, file }: HubFile) {
    throw new UserError(
      `${repository}: ${file} is not fetched by a page; download it from ${page(repository, revision)} and open the file`,
      { code: "hub-missing" },
    );
  },
};

function page(repository: string, revision?: string): string {
  const tree = revision === undefined ? "" : `/tree/${encodeURIComponent(revision)}`;
  return `https://huggingface.co/${repository}${tree}`;
}
