import type { ImageDetails, Project } from "../../protocol.ts";
import { getDetails, getJson } from "../api.ts";

/** Between two questions to a server that still lists its images, in ms. */
const pauseMs = 300;

/**
 * What is known of an image; undefined if there is none. A server that was just started first lists its images: that is waited for.
 * @param name of the image, if it is known: by then another one may have the id
 */
export async function findImage(id: number, name?: string): Promise<ImageDetails | undefined> {
  for (;;) {
    // In this order, as the list can be finished between the two answers.
    const { indexing } = await getJson<Project>("/api/project");
    const [found] = await getDetails([id]);
    if (found !== undefined && (name === undefined || found.name === name)) return found;
    if (indexing === null) return undefined;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
