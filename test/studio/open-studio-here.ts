import { studioWords } from "../../src/cli/studio-words.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { serveStudio } from "../../src/studio/server/open-studio.ts";
import { studioClient, type StudioClient } from "./start-studio.ts";

/** A studio that runs in the process of the test, which is there sooner than one of its own. */
export interface OpenStudio extends StudioClient {
  stop(): Promise<void>;
}

export async function openStudioHere(data: string, project?: string): Promise<OpenStudio> {
  const running = await serveStudio(nodeHost, { data, project, port: 0, words: studioWords });
  return { ...studioClient(running.url), stop: () => running.close() };
}
