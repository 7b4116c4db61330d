import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../user-error.ts";

/** Variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Address of the public hub. */
const publicHub = "https://huggingface.co";

/** Settings that the Python library reads from the environment too, so that both agree. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** Folder of the cache. */
  readonly cache: string;
  /** Path of the file that a login writes. */
  readonly tokenFile: string;
  /** Whether no connection may be opened. */
  readonly offline: boolean;
  /** Whether the cache is to hold files in place of links. */
  readonly noLinks: boolean;
}

/** Reads the settings of the hub; an endpoint that is no address is a UserError. */
export function hubSettings(env: Environment): HubSettings {
  const home = folder(env, "HF_HOME") ?? join(cacheHome(env), "huggingface");
  return {
    endpoint: endpointOf(env),
    cache: folder(env, "HF_HUB_CACHE") ?? folder(env, "HUGGINGFACE_HUB_CACHE") ?? join(home, "hub"),
    tokenFile: folder(env, "HF_TOKEN_PATH") ?? join(home, "token"),
    offline: isTrue(env["HF_HUB_OFFLINE"] || env["TRANSFORMERS_OFFLINE"]),
    noLinks: isTrue(env["HF_HUB_DISABLE_SYMLINKS"]),
  };
}

/** The token of the person, from the environment or the file of a login; undefined if there is none. */
export async function readToken(
  env: Environment,
  { tokenFile }: HubSettings,
): Promise<string | undefined> {
  const stated = (env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"] || "").trim();
  const isImplicit = stated === "" && !isTrue(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"]);
  const token = isImplicit ? (await readFile(tokenFile, "utf8").catch(() => "")).trim() : stated;
  if (token === "") return undefined;
  // The header would be refused with a message that shows it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const place = isImplicit ? tokenFile : "HF_TOKEN";
    throw new UserError(
      `${place}: holds characters that no token has; copy the token again, or remove it for public repositories`,
    );
  }
  return token;
}

function endpointOf(env: Environment): string {
  const text = (env["HF_ENDPOINT"] || publicHub).trim().replace(/\/+$/, "");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UserError(
      `HF_ENDPOINT: expected an address such as ${publicHub}, found ${JSON.stringify(text)}; correct or unset it`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UserError(
      `HF_ENDPOINT: expected an address without password and query, found one at ${url.host}; give a token in HF_TOKEN`,
    );
  }
  return text;
}

function cacheHome(env: Environment): string {
  return env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
}

/** The folder or file that a variable names, with `~` and `$NAME` replaced as the Python library does. */
function folder(env: Environment, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  const expanded = value.replace(/^~(?=$|[\\/])/, () => homedir());
  return expanded.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (text, braced: string | undefined, bare: string | undefined) => env[(braced ?? bare)!] ?? text,
  );
}

function isTrue(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/i.test(value ?? "");
}
