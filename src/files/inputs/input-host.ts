import type { CommandSignal } from "../../host/commands.ts";
import type { FileHost, Host } from "../../host/host.ts";
import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { overlayHost } from "../formats/overlay-host.ts";
import { crc32c } from "../run/crc32c.ts";
import { parseCommand, readThrough, type InputCommand } from "./command.ts";
import type { InputItem, TarPlace } from "./item.ts";
import { RecentBytes } from "./recent-bytes.ts";

/** Bytes of recent images to keep. */
const keptBytes = 256 * 1024 * 1024;

const headerBytes = 512;

export interface InputHostOptions {
  /** Command that gives the images which are in no tar, see `parseCommand`; without it they are files of the host. */
  readonly inputCommand?: string | undefined;
  /** Ends commands that run. */
  readonly signal?: CommandSignal | undefined;
}

/** A host that reads the images of these items where they are: in tars, or through a command. All other paths are its own. */
export function inputHost<H extends FileHost & Pick<Host, "commands">>(
  host: H,
  items: readonly InputItem[],
  { inputCommand, signal }: InputHostOptions = {},
): H {
  const command = inputCommand === undefined ? undefined : parseCommand(inputCommand);
  if (command && !host.commands) throw new UserError("no commands can be run here");
  const places = new Map<string, TarPlace | InputCommand>();
  for (const { file, at } of items) {
    const place = at ?? command;
    if (place) places.set(file, place);
  }
  if (places.size === 0) return host;
  const recent = new RecentBytes(keptBytes);
  const read = (path: string): Promise<Uint8Array> =>
    recent.get(path, async () => {
      const place = places.get(path)!;
      return "tar" in place
        ? readFromTar(host.store, path, place)
        : readThrough(host.commands!, place, path, signal);
    });
  return overlayHost(host, {
    has: (path) => places.has(path),
    read,
    async stat(path) {
      const place = places.get(path)!;
      const size = "tar" in place ? place.size : (await read(path)).length;
      return { kind: "file", size, modified: 0 };
    },
    list: () => undefined,
  });
}

async function readFromTar(
  store: Store,
  path: string,
  { tar, offset, size, header }: TarPlace,
): Promise<Uint8Array> {
  if (size === 0) throw new UserError(`${path}: is empty`);
  const source = await store.open(tar);
  try {
    const isInside = offset >= headerBytes && offset + size <= source.size;
    const bytes = isInside ? await source.read(offset - headerBytes, headerBytes + size) : undefined; // prettier-ignore
    if (!bytes || crc32c(bytes.subarray(0, headerBytes)) !== header) {
      throw new UserError(
        `${path}: ${tar} was changed after its images were listed; begin the job again`,
        { code: "changed-tar" },
      );
    }
    return bytes.subarray(headerBytes);
  } finally {
    await source.close();
  }
}
