import { open, readdir, rm, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
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
  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    private end: number,
  ) {}

  /** Starts a file in a folder; `seconds` since 1970 become part of its name, as TensorBoard wants. */
  static async create(folder: string, seconds: number): Promise<EventFile> {
    const host = hostname().replace(/[^\w.-]/g, "_");
    const path = join(folder, `${prefix}${Math.floor(seconds)}.${host}.${process.pid}.0`);
    const events = new EventFile(await open(path, "wx"), path, 0);
    await events.append(encodeEvent(seconds, 0, (event) => stringField(event, 3, "brain.Event:2")));
    return events;
  }

  /** Opens the newest file of a folder to go on after its first `length` bytes; undefined without one. */
  static async reopen(folder: string, length: number): Promise<EventFile | undefined> {
    const names = (await readdir(folder)).filter((name) => name.startsWith(prefix)).sort();
    const newest = names.at(-1);
    if (newest === undefined) return undefined;
    const path = join(folder, newest);
    const file = await open(path, "r+");
    const { size } = await file.stat();
    const end = Math.min(length, size);
    await file.truncate(end);
    return new EventFile(file, path, end);
  }

  /** Removes the event files of a folder. */
  static async removeAll(folder: string): Promise<void> {
    const names = (await readdir(folder)).filter((name) => name.startsWith(prefix));
    for (const name of names) await rm(join(folder, name));
  }

  /** Bytes so far. */
  get length(): number {
    return this.end;
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

  /** Adds a picture. */
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

  /** Waits until the disk has it all. */
  async sync(): Promise<void> {
    await this.file.datasync();
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
    const record = frame(event);
    for (let done = 0; done < record.length;) {
      const { bytesWritten } = await this.file.write(record, done, undefined, this.end + done);
      done += bytesWritten;
    }
    this.end += record.length;
  }
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

/** Checksums of data that hold checksums are weak; records hence rotate them and add a constant. */
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
