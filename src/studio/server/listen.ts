import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { UserError } from "../../user-error.ts";

/** The port that is tried first. */
export const usualPort = 4848;

/** Attempts with other ports where the usual one is in use. */
const otherPorts = 20;

/** Addresses of this computer alone: nothing is reachable from other machines. */
const ownHosts: readonly string[] = ["127.0.0.1", "::1"];

/** Milliseconds for the head of a request and for all of it, and between two looks for those that take longer. */
const usualPatience = { head: 10_000, whole: 60_000, look: 5_000 };

export interface ListenOptions {
  /** The first free one of some by default. */
  readonly port?: number | undefined;
  /** Tried first then. */
  readonly preferred?: number | undefined;
  /** Addresses of this computer alone by default. */
  readonly hosts?: readonly string[];
  readonly patience?: typeof usualPatience;
}

type Answer = (request: Request) => Response | Promise<Response>;

export interface Listening {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Listens, on this computer alone unless other hosts are given. */
export async function listen(answer: Answer, options: ListenOptions): Promise<Listening> {
  const { port, preferred } = options;
  if (port !== undefined) return open(answer, port, options);
  const usual = Array.from({ length: otherPorts }, (_, i) => usualPort + i);
  for (const next of preferred === undefined ? usual : [preferred, ...usual]) {
    try {
      return await open(answer, next, options);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return open(answer, 0, options);
}

async function open(
  answer: Answer,
  wanted: number,
  { hosts = ownHosts, patience = usualPatience }: ListenOptions,
): Promise<Listening> {
  const listener = getRequestListener(answer);
  const servers: Server[] = [];
  let port = wanted;
  try {
    for (const host of hosts) {
      const server = createServer(
        {
          headersTimeout: patience.head,
          requestTimeout: patience.whole,
          keepAliveTimeout: 30_000,
          connectionsCheckingInterval: patience.look,
          maxHeaderSize: 16_384,
        },
        (request, response) => void listener(request, response),
      );
      server.maxConnections = 2048;
      port = await bind(server, host, port, servers.length > 0);
      servers.push(server);
    }
  } catch (error) {
    await Promise.all(servers.map(close));
    throw error;
  }
  return {
    port,
    close: async () => {
      await Promise.all(servers.map(close));
    },
  };
}

/** @param isSecond whether the other address answers already: machines without IPv6 then do without */
function bind(server: Server, host: string, port: number, isSecond: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      if (isSecond && ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"].includes(error.code ?? "")) {
        return resolve(port);
      }
      reject(refusal(error, port));
    };
    server.once("error", fail);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function refusal(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new UserError(
      `port ${port}: another program listens there already; choose another one`,
      {
        code: "port-in-use",
        cause: error,
      },
    );
  }
  if (error.code === "EACCES") {
    return new UserError(`port ${port}: not permitted; choose one from 1024 up`, { cause: error });
  }
  return error;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
