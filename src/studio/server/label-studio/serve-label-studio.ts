import { realpath } from "node:fs/promises";
import type { MaskServerOptions } from "../../../jobs/serve-masks.ts";
import { orFailure } from "../../../host/node/files/file-error.ts";
import type { InstanceKind } from "../../../method/images/regions.ts";
import { UserError } from "../../../user-error.ts";
import { listen } from "../listen.ts";
import { backendApp } from "./app.ts";
import type { ModelFacts } from "./mask-messages.ts";
import { MaskWorker } from "./mask-worker.ts";
import { Predictions } from "./predictions.ts";
import { baseOf, Sites, type GivenSite } from "./sites.ts";

export interface LabelStudioOptions extends MaskServerOptions {
  /** Folder that Label Studio serves local files from. */
  readonly data?: string | undefined;
  readonly port: number;
  /** Address to listen at beyond this computer; needs a token. */
  readonly host?: string | undefined;
  readonly token?: string | undefined;
  readonly site?: GivenSite;
  readonly instances?: InstanceKind;
  /** Tells the person at the terminal. */
  readonly tell: (message: string) => void;
}

export interface ServedModel extends ModelFacts {
  readonly url: string;
  /** Number of the process that makes the masks. */
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** Shortest token that keeps others out. */
const shortestToken = 16;

/** Serves a model to Label Studio, as what it calls an ML backend. */
export async function serveLabelStudio({
  data,
  port,
  host,
  token,
  site = {},
  instances = "classes",
  tell,
  ...options
}: LabelStudioOptions): Promise<ServedModel> {
  checkAccess(host, token);
  if (site.url !== undefined && baseOf(site.url) === undefined) {
    throw new UserError(`LABEL_STUDIO_URL: "${site.url}" is no address, as http://localhost:8080 is one`); // prettier-ignore
  }
  if (site.key !== undefined && site.url === undefined) {
    throw new UserError("LABEL_STUDIO_API_KEY: needs LABEL_STUDIO_URL, the address that it is for");
  }
  const root =
    data === undefined
      ? undefined
      : await orFailure(`${data}: the folder of the local files cannot be read`, realpath(data));
  const worker = new MaskWorker(options);
  try {
    const facts = await worker.facts();
    const predictions = new Predictions(worker, facts, { root, instances, tell });
    let actual = port;
    const app = backendApp({
      ...{ predictions, sites: new Sites(site), token, tell },
      ownPort: host === undefined ? () => actual : null,
    });
    const server = await listen(app.fetch, { port, ...(host !== undefined && { hosts: [host] }) });
    actual = server.port;
    const name = host === undefined ? "localhost" : host.includes(":") ? `[${host}]` : host;
    return {
      ...facts,
      url: `http://${name}:${actual}`,
      get pid() {
        return worker.pid;
      },
      async close() {
        await server.close();
        await worker.close();
      },
    };
  } catch (error) {
    await worker.close();
    throw error;
  }
}

/** Whoever can be asked by other computers needs a token that cannot be guessed. */
function checkAccess(host: string | undefined, token: string | undefined): void {
  if (host !== undefined && token === undefined) {
    throw new UserError(`${host}: listening there needs a token, which Label Studio sends as a password`, { code: "no-token" }); // prettier-ignore
  }
  if (token === undefined || (token.length >= shortestToken && /^[\x21-\x7e]+$/.test(token))) return; // prettier-ignore
  throw new UserError(
    `token: has ${token.length} characters; expected at least ${shortestToken} of letters, digits and signs, without spaces`,
    { code: "weak-token" },
  );
}
