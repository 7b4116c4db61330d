import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Host } from "../../host/host.ts";
import type { AppendFile, Store } from "../../host/store.ts";
import { join } from "../text/path.ts";
import { crc32c } from "./crc32c.ts";

/** A picture for TensorBoard. */
export interface ImageSummary {
  readonly tag: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

const prefix = "events.out.tfevents.";

/** TensorBoard's event file: a sequence of length- and checksum-framed protobuf `Event`s. */
export class EventFile {
  private constructor(private readonly file: AppendFile) {}

  /** Starts a file in a folder. TensorBoard wants the time in its name, in seconds since 1970. */
  static async create(
    { store, machine }: Pick<Host, "store" | "machine">,
    folder: string,
    seconds: number,
  ): Promise<EventFile> {
    const path = join(folder, `${prefix}${Math.floor(seconds)}.${machine.name}.0`);
    const events = new EventFile(await store.append(path, 0));
    try {
      const version = "brain.Event:2";
      await events.append(encodeEvent(seconds, 0, (event) => stringField(event, 3, version)));
      return events;
    } catch (error) {
      await events.close().catch(() => undefined);
      throw error;
    }
  }

  /** Opens the newest file of a folder and cuts it to its first `length` bytes; undefined if there is none. */
  static async reopen(
    store: Store,
    folder: string,
    length: number,
  ): Promise<EventFile | undefined> {
    const newest = (await eventFiles(store, folder)).at(-1);
    return newest === undefined ? undefined : new EventFile(await store.append(newest, length));
  }

  /** Removes the event files of a folder. */
  static async removeAll(store: Store, folder: string): Promise<void> {
    for (const path of await eventFiles(store, folder)) await store.remove(path);
  }

  get path(): string {
    return this.file.path;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.file.size;
  }

  /** Adds a point to the curve of each name. */
  async scalars(seconds: number, step: number, values: Record<string, number>): Promise<void> {
    await this.summary(seconds, step, (summary) => {
      for (const [tag, value] of Object.entries(values)) {
        message(summary, 1, (entry) => {
          stringField(entry, 1, tag);
          entry.tag(2, WireType.Bit32).float(value);
        });
      }
    });
  }

  /** Adds an image. */
  async image(seconds: number, step: number, image: ImageSummary): Promise<void> {
    await this.summary(seconds, step, (summary) => {
      message(summary, 1, (entry) => {
        stringField(entry, 1, image.tag);
        message(entry, 4, (picture) => {
          picture.tag(1, WireType.Varint).int32(image.height);
          picture.tag(2, WireType.Varint).int32(image.width);
          picture.tag(3, WireType.Varint).int32(3); // RGB
          picture.tag(4, WireType.LengthDelimited).bytes(image.png);
        });
        message(entry, 9, (metadata) => stringField(metadata, 3, image.description));
      });
    });
  }

  /** Waits until the disk holds everything appended. */
  async sync(): Promise<void> {
    await this.file.sync();
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async summary(
    seconds: number,
    step: number,
    write: (summary: BinaryWriter) => void,
  ): Promise<void> {
    await this.append(encodeEvent(seconds, step, (event) => message(event, 5, write)));
  }

  private async append(event: Uint8Array): Promise<void> {
    await this.file.append(frame(event));
  }
}

/** Paths of the event files of a folder, oldest first. */
async function eventFiles(store: Store, folder: string): Promise<string[]> {
  const { files } = await store.list(folder);
  return files.filter((name) => name.startsWith(prefix)).map((name) => join(folder, name));
}

/** TFRecord: length (8 bytes), its checksum, the data, its checksum; all little-endian. */
function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, mask(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, mask(crc32c(data)), true);
  return record;
}

/** Rotates a checksum and adds a constant, as TFRecord does: a checksum of data that contains checksums is weak. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function encodeEvent(
  seconds: number,
  step: number,
  write: (event: BinaryWriter) => void,
): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(seconds);
  event.tag(2, WireType.Varint).int64(step);
  write(event);
  return event.finish();
}

function message(parent: BinaryWriter, field: number, write: (child: BinaryWriter) => void): void {
  parent.tag(field, WireType.LengthDelimited).fork();
  write(parent);
  parent.join();
}

function stringField(parent: BinaryWriter, field: number, value: string): void {
  parent.tag(field, WireType.LengthDelimited).string(value);
}
