import { shown, UserError } from "../../../user-error.ts";

/** Where the image of a task is to be read: a file below the data folder, or an address of Label Studio's own. */
export type ImagePlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "address"; readonly url: URL };

export interface AddressOptions {
  /** Label Studio's own address; undefined while it is not known. */
  readonly base?: URL | undefined;
  /** Whether there is a data folder, which files that Label Studio serves from its disk are read from. */
  readonly hasFolder: boolean;
}

/** Most letters of an address. */
const longest = 4096;
const localFiles = "/data/local-files/";

/**
 * Finds out where an image is. Only files of the data folder and Label Studio's own address are read: whoever may add tasks could
 * else reach any service that this computer can reach.
 */
export function imagePlace(value: unknown, { base, hasFolder }: AddressOptions): ImagePlace {
  if (typeof value !== "string" || value === "" || value.length > longest) {
    throw new UserError(`image: ${shown(value)} is no address of an image`);
  }
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    throw new UserError(
      `image: ${scheme}: addresses are not read here, only those of Label Studio itself and files below the data folder; ` +
        "import the images into Label Studio, or serve them as its local files",
    );
  }
  // Uploads were stored without the first part of their path once.
  const address = value.replace(/^\/?(?=upload\/)/, "/data/");
  const nowhere = new URL("http://label-studio.invalid");
  if (!URL.canParse(address, (base ?? nowhere).href)) {
    throw new UserError(`image: ${shown(value)} is no address of an image`);
  }
  const url = new URL(address, base ?? nowhere);
  const path = localPath(url, base);
  if (path !== undefined && hasFolder) return { kind: "file", path };
  if (base === undefined) {
    throw new UserError(
      `image: ${shown(value)} is on Label Studio's side, whose address and key are not known yet; save the connection to this ` +
        "model in Label Studio once more, or set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
    );
  }
  if (url.origin !== base.origin || url.username !== "" || url.password !== "") {
    throw new UserError(
      `image: ${url.origin} is another host than Label Studio's own, ${base.origin}; only that one is read`,
    );
  }
  if (scheme === undefined && !url.pathname.startsWith(base.pathname)) {
    url.pathname = `${base.pathname.replace(/\/$/, "")}${url.pathname}`;
  }
  url.hash = "";
  return { kind: "address", url };
}

/** The path of a local file of Label Studio, relative to the folder that it serves. */
function localPath({ pathname, searchParams }: URL, base: URL | undefined): string | undefined {
  const prefix = base?.pathname.replace(/\/$/, "") ?? "";
  if (pathname !== localFiles && pathname !== `${prefix}${localFiles}`) return undefined;
  const path = searchParams.get("d") ?? "";
  if (path !== "" && !path.includes("\0")) return path;
  throw new UserError(`image: ${shown(`${pathname}?d=${path}`)} names no file`);
}
