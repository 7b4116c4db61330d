import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy between a browser and a studio that keeps some requests until it is told to let them go. */
export interface HoldingProxy {
  /** Address, for the options of a window. */
  readonly server: string;
  /** Resolves once a request is held. */
  readonly held: Promise<void>;
  /** Passes on what is held; a request that the browser gave up meanwhile never arrives. */
  letGo(): void;
  close(): void;
}

/** @param isHeld which requests are kept, by method and path */
export async function holdingProxy(
  isHeld: (method: string, path: string) => boolean,
): Promise<HoldingProxy> {
  let letGo = (): void => undefined;
  let told = (): void => undefined;
  const going = new Promise<void>((resolve) => (letGo = resolve));
  const held = new Promise<void>((resolve) => (told = resolve));
  const server = createServer(async (asked, answer) => {
    const { hostname, port, pathname, search } = new URL(asked.url!);
    if (isHeld(asked.method!, pathname)) {
      told();
      await going;
    }
    if (answer.destroyed) return;
    const to = { hostname, port, method: asked.method!, path: pathname + search };
    const passed = send({ ...to, headers: asked.headers }, (answered) => {
      answer.writeHead(answered.statusCode!, answered.headers);
      answered.pipe(answer);
    });
    answer.once("close", () => passed.destroy());
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    letGo,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
