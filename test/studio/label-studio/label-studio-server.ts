import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a Label Studio of the tests answers to a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Stands for a running Label Studio: serves files to those with its key, as its documentation says. */
export interface LabelStudioServer {
  readonly url: string;
  /** Requests that came, as `GET /path`, with their authorization. */
  readonly seen: string[];
  /** Answers of paths besides the files. */
  readonly answers: Map<string, Answer>;
  close(): Promise<void>;
}

export async function startLabelStudio(
  files: Readonly<Record<string, Uint8Array>>,
  key: string,
): Promise<LabelStudioServer> {
  const seen: string[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const { authorization = "nobody" } = request.headers;
    seen.push(`${request.method} ${path} ${authorization}`);
    const answer = answers.get(path);
    if (answer) return answer(request, response);
    const file = files[path];
    if (authorization !== key) response.writeHead(401).end("{}");
    else if (file) response.writeHead(200, { "content-type": "image/png" }).end(file);
    else response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
